// Conjugate gradients beyond the point where f32 knows anything of what is left.
import assert from 'node:assert/strict'
import { upload } from '../../../../src/engine/compute/backend.ts'
import type { PruneHost } from '../../../../src/engine/prune/host.ts'
import { maskOfZeros } from '../../../../src/engine/prune/mask.ts'
import { leastSquares } from '../../../../src/engine/prune/methods/leastSquares.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { pruneHosts } from '../../../support/pruneHosts.ts'
import { maxDifference } from '../../../support/tensors.ts'

/** XᵀX with a unit diagonal. */
function gramOf(x: Float32Array, columns: number): Float32Array {
  const gram = new Float64Array(columns ** 2)
  for (let t = 0; t < x.length; t += columns)
    for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) gram[i * columns + j] += x[t + i] * x[t + j]
  const scale = Array.from({ length: columns }, (_, i) => gram[i * (columns + 1)] ** -0.5)
  return Float32Array.from(gram, (value, at) => value * scale[Math.floor(at / columns)] * scale[at % columns])
}

for (const [title, open] of pruneHosts)
  describe(`least squares, ${title}`, () => {
    let host: PruneHost
    before(async function () {
      host = await open(this)
    })
    after(() => host?.close())

    it('stay where they converged, whatever the number of steps', async () => {
      const [rows, columns, tokens] = [16, 64, 600]
      const rng = createRng(1, 'least squares')
      const dense = Float32Array.from({ length: rows * columns }, rng.normal)
      const kept = Uint8Array.from(dense, () => rng.below(2))
      const x = Float32Array.from({ length: tokens * columns }, rng.normal)
      const h = gramOf(x, columns)
      const after = async (steps: number) => {
        const tensors = [
          upload(
            host,
            'f32',
            [rows, columns],
            dense.map((w, i) => w * kept[i]),
          ),
          upload(host, 'f32', [rows, columns], dense),
          upload(host, 'f32', [columns, columns], h),
          upload(host, 'u32', [rows, 2], maskOfZeros(kept, rows, columns).words),
        ] as const
        await leastSquares(host, ...tensors, steps)
        const found = (await host.read(tensors[0])) as Float32Array
        for (const tensor of tensors) host.release(tensor)
        return found
      }
      const converged = await after(30)
      assert.ok(maxDifference(await after(400), converged) < 1e-5)
    })
  })
