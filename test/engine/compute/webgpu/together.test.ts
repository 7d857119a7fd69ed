// Queries, keys and values of a training in one product each, of what is side by side in memory: fewer dispatches, and the values of PERP.
import assert from 'node:assert/strict'
import type { Backend } from '../../../../src/engine/compute/backend.ts'
import type { Kernels } from '../../../../src/engine/compute/kernels.ts'
import { allKernels } from '../../../../src/engine/compute/webgpu/kernels.ts'
import type { Gpu } from '../../../../src/engine/compute/webgpu/shader.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import { openOrSkip } from '../../../support/webgpu.ts'
import { checkRetraining } from '../../recover/retrainingGolden.ts'
import { partsOf } from '../cases/opCase.ts'

let buffers = 0
const of = (...shape: number[]): Tensor => ({
  ...{ buffer: ++buffers, dtype: 'f32', shape, offset: 0 },
  length: shape.reduce((product, size) => product * size, 1),
})

/** Names of the shaders of a call, in order, on a large card without tensor cores. */
function shadersOf(call: (kernels: Kernels) => void): string[] {
  const names: string[] = []
  const gpu: Gpu = {
    ...{ windowBytes: 2 ** 24, reachBytes: 2 ** 24, smallSubgroups: false, flopsPerDispatch: 1e12 },
    ...{ largeTiles: { least: 1e9, buffers: 1 }, tensorProducts: null },
    run: ({ variant: { shader } }) => void names.push(shader.name),
    scratch: (shape) => of(...shape),
  }
  call(allKernels(gpu))
  return names
}

describe('products that read one input', () => {
  const [n, o, i, rank] = [96, 64, 128, 16]
  const x = of(n, i)
  const apart = (...shape: number[]) => [of(...shape), of(...shape), of(...shape)]
  const beside = (...shape: number[]) => partsOf(of(3, ...shape), 3)

  for (const [title, three, times] of [
    ['side by side are one dispatch', beside, 1],
    ['in buffers of their own are three', apart, 3],
  ] as const)
    it(title, () => {
      const [outs, weights, biases, dOuts] = [three(n, o), three(o, i), three(o), three(n, o)]
      const [a, b, dA, dB, masks] = [three(rank, i), three(o, rank), three(rank, i), three(o, rank), three(o, i / 32)]
      const loras = [0, 1, 2].map((k) => {
        const own = { out: weights[k], weight: of(o, i), mask: masks[k], a: a[k], b: b[k] }
        return { ...own, dA: dA[k], dB: dB[k], dOut: dOuts[k], dBias: biases[k] }
      })
      const found = [
        shadersOf((k) => k.linears(outs, x, weights, biases)),
        shadersOf((k) => k.loraWeights(loras, 2)),
        shadersOf((k) => k.lorasBackward(loras, x, 2)),
      ]
      assert.deepEqual(
        found.map(({ length }) => length),
        [times, times, 3 * times],
      )
      // The three sums, and their total.
      assert.equal(shadersOf((k) => k.linearsBackwardInput(x, dOuts, weights)).length, Math.max(2, times))
    })

  it('of adapters have gradients by tiles as wide as the rank, in one dispatch up to rank 16', () => {
    for (const [r, tile] of [
      [4, 8],
      [8, 8],
      [16, 16],
      [64, 64],
    ]) {
      const [outs, inputs] = [3072, 768]
      const lora = { dA: of(r, inputs), dB: of(outs, r), mask: null, a: of(r, inputs), b: of(outs, r), dBias: null }
      const found = shadersOf((k) => k.lorasBackward([{ ...lora, dOut: of(n, outs) }], of(n, inputs), 2))
      const sums = r > 16 ? ['totalOfSums'] : []
      assert.deepEqual(found.slice(1), [`gemmTiled${tile}x32by256`, ...sums, `gemmTiled32x${tile}by256`])
    }
  })

  it('are cut where a dispatch would be too long or reach too far', () => {
    const [outs, weights] = [beside(n, o), beside(o, i)]
    const count = (limits: Partial<Gpu>) => {
      let dispatches = 0
      const gpu = {
        ...{ windowBytes: 2 ** 24, reachBytes: 2 ** 24, smallSubgroups: false, largeTiles: null, tensorProducts: null },
        ...{
          flopsPerDispatch: 1e12,
          scratch: (shape: readonly number[]) => of(...shape),
          run: () => void dispatches++,
        },
        ...limits,
      }
      allKernels(gpu).linears(outs, x, weights, [null, null, null])
      return dispatches
    }
    assert.equal(count({}), 1)
    assert.equal(count({ flopsPerDispatch: 2 * n * o * i }), 3)
    assert.equal(count({ reachBytes: 4 * n * i }), 3)
  })

  it('retrain as PERP does, for the first steps', async function () {
    this.timeout(300_000)
    const gpu = await openOrSkip(this, { products: 'portable' })
    const calls = new Map<string, number>()
    const counted = (name: keyof Kernels) => {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      return name
    }
    const kernels: Kernels = {
      ...gpu.kernels,
      linears: (...args) => gpu.kernels[counted('linears') as 'linears'](...args),
      lorasBackward: (...args) => gpu.kernels[counted('lorasBackward') as 'lorasBackward'](...args),
    }
    const backend: Backend = { ...gpu, kernels }
    await checkRetraining(backend, 'opt', { file: 'biasln_masklora', train: ['bias', 'norm', 'mask_lora'] }, 3)
    assert.ok((calls.get('linears') ?? 0) > 0 && (calls.get('lorasBackward') ?? 0) > 0, JSON.stringify([...calls]))
    await gpu.close()
  })
})
