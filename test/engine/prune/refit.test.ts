// Refitting against least squares solved row by row in f64.
import assert from 'node:assert/strict'
import { upload } from '../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import type { Linear } from '../../../src/engine/model/module.ts'
import { maskOfZeros } from '../../../src/engine/prune/mask.ts'
import { refitBlock } from '../../../src/engine/prune/refit.ts'
import { Statistics } from '../../../src/engine/prune/statistics.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { leastSquaresOnMask } from '../../support/leastSquares.ts'
import { entryOf } from '../../support/solveGoldens.ts'
import { maxDifference } from '../../support/tensors.ts'

const [rows, columns, tokens, windows] = [6, 24, 80, 4]
const dampening = 0.01

for (const blas of ['auto', 'none'] as const)
  describe(`refit, blas ${blas}`, () => {
    let host: CpuBackend
    before(async () => void (host = await openCpu({ threads: 2, blas })))
    after(() => host.close())

    /** A linear whose inputs correlate; `spoil` changes them. */
    async function refit(kept: Uint8Array, steps: number, spoil: (x: Float32Array) => void = () => undefined) {
      const rng = createRng(3, 'refit')
      const x = Float32Array.from({ length: tokens * columns }, rng.normal)
      for (let i = 1; i < x.length; i++) if (i % columns > 0) x[i] += 0.7 * x[i - 1]
      spoil(x)
      const dense = Float32Array.from({ length: rows * columns }, rng.normal)
      const pruned = dense.map((w, i) => w * kept[i])
      const statistics = new Statistics(host, windows, () => entryOf('magnitude', 0.5), ['hessian'])
      const linear: Linear = {
        name: 'fc1',
        inputKey: 'x',
        weight: upload(host, 'f32', [rows, columns], pruned),
        bias: null,
      }
      const input = upload(host, 'f32', [tokens, columns], x)
      const masks = new Map([['fc1', maskOfZeros(kept, rows, columns)]])
      statistics.observe([linear], input)
      const used = host.memory().usedBytes
      try {
        const denseOf = async () => dense
        const options = { backend: host, host, linears: [linear], masks, statistics, denseOf, steps, dampening }
        const errors = await refitBlock(options)
        assert.equal(host.memory().usedBytes, used, 'memory')
        return { x, dense, pruned, errors, found: (await host.read(linear.weight)) as Float32Array }
      } finally {
        statistics.close()
        for (const tensor of [linear.weight, input]) host.release(tensor)
      }
    }

    const halves = (seed: number) => {
      const rng = createRng(seed, 'mask')
      return Uint8Array.from({ length: rows * columns }, () => rng.below(2))
    }
    const twoOfFour = Uint8Array.from({ length: rows * columns }, (_, i) => (i % 4 < 2 ? 1 : 0))

    for (const [name, kept] of [
      ['any mask', halves(1)],
      ['2:4', twoOfFour],
    ] as const)
      it(`finds the least squares on ${name}, exact zeros elsewhere`, async () => {
        const { x, dense, found } = await refit(kept, 60)
        const expected = leastSquaresOnMask(x, dense, kept, { columns, dampening })
        assert.ok(maxDifference(found, expected) < 1e-4, String(maxDifference(found, expected)))
        assert.ok(found.every((w, i) => kept[i] === 1 || w === 0))
      })

    it('measures the outputs before and after, and ten steps come near the least', async () => {
      const kept = halves(2)
      const { x, dense, pruned, errors, found } = await refit(kept, 10)
      const error = (weight: Float32Array) => {
        let sum = 0
        for (let t = 0; t < tokens; t++)
          for (let r = 0; r < rows; r++) {
            let e = 0
            for (let c = 0; c < columns; c++)
              e += (weight[r * columns + c] - dense[r * columns + c]) * x[t * columns + c]
            sum += e * e
          }
        return sum / tokens / rows
      }
      assert.ok(errors)
      assert.ok(Math.abs(errors.errorBefore / error(pruned) - 1) < 1e-4)
      assert.ok(Math.abs(errors.errorAfter / error(found) - 1) < 1e-4)
      const least = error(Float32Array.from(leastSquaresOnMask(x, dense, kept, { columns, dampening })))
      assert.ok(errors.errorAfter < 1.05 * least, `${errors.errorBefore} ${errors.errorAfter} ${least}`)
    })

    it('leaves the weights of a dead input as they were', async () => {
      const kept = halves(3)
      const { pruned, found } = await refit(kept, 10, (x) => x.forEach((_, i) => i % columns === 5 && (x[i] = 0)))
      for (let r = 0; r < rows; r++) {
        const i = r * columns + 5
        assert.ok(Math.abs(found[i] - pruned[i]) < 1e-6)
      }
      assert.ok(found.every(Number.isFinite))
    })

    it('changes nothing and makes no NaN where all inputs are 0', async () => {
      const { pruned, found, errors } = await refit(halves(4), 10, (x) => x.fill(0))
      assert.ok(maxDifference(found, pruned) < 1e-6)
      assert.deepEqual(errors, { errorBefore: 0, errorAfter: 0 })
    })

    it('refuses inputs that are not finite', async () => {
      for (const bad of [NaN, Infinity])
        await assert.rejects(
          refit(halves(5), 10, (x) => void (x[7] = bad)),
          { code: 'numeric', message: /fc1: .*inputs are not finite/ },
        )
    })
  })
