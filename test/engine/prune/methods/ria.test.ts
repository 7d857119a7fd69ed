import assert from 'node:assert/strict'
import { upload } from '../../../../src/engine/compute/backend.ts'
import { openReference } from '../../../support/reference/backend.ts'
import { referencePrune } from '../../../support/reference/prune.ts'
import { importanceOnDevice, relativeImportance, ria } from '../../../../src/engine/prune/methods/ria.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { openOrSkip } from '../../../support/webgpu.ts'

const [rows, columns] = [5, 7]
const rng = createRng(4, 'ria')
const weight = Float32Array.from({ length: rows * columns }, () => rng.normal())
const at = (r: number, c: number) => Math.abs(weight[r * columns + c])

describe('RIA', () => {
  it('scores a weight by its share of its row and of its column', () => {
    const found = relativeImportance(weight, columns)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        let [row, column] = [0, 0]
        for (let k = 0; k < columns; k++) row += at(r, k)
        for (let k = 0; k < rows; k++) column += at(k, c)
        const wanted = at(r, c) / row + at(r, c) / column
        assert.ok(Math.abs(found[r * columns + c] - wanted) < 1e-6 * wanted) // one rounding to f32
      }
  })

  it('gives rows and columns of zeros the score 0, never NaN', () => {
    assert.deepEqual([...relativeImportance(Float32Array.of(0, 0, 0, 2), 2)], [0, 0, 0, 2])
    assert.deepEqual([...relativeImportance(new Float32Array(4), 2)], [0, 0, 0, 0])
  })

  it('gives the same to a few f32 roundings where the weight is on a device, zeros too', async function () {
    const gpu = await openOrSkip(this)
    try {
      const values = weight.map((w, i) => (i % columns === 3 || i < columns ? 0 : w))
      const found = await gpu.read(await importanceOnDevice(gpu, upload(gpu, 'f32', [rows, columns], values)))
      relativeImportance(values, columns).forEach((wanted, i) =>
        assert.ok(Math.abs(found[i] - wanted) <= 1e-6 * wanted, `${found[i]} for ${wanted} at ${i}`),
      )
    } finally {
      await gpu.close()
    }
  })

  it('multiplies with the root of the input norms, and does without them', async () => {
    const reference = openReference()
    const host = Object.assign(reference, { prune: referencePrune(reference) })
    const input = { host, weight: upload(host, 'f32', [rows, columns], weight), seed: 0, name: 'fc1' }
    const norms = Float64Array.from({ length: columns }, (_, c) => c)
    const { scored, release } = await ria.score({ ...input, norms })
    assert.ok(scored.scale)
    const scale = await host.read(scored.scale)
    for (let c = 0; c < columns; c++) assert.ok(Math.abs(scale[c] + scale[columns + c] - Math.sqrt(c)) < 1e-9)
    release()
    assert.equal((await ria.score({ ...input, norms: null })).scored.scale, null)
  })
})
