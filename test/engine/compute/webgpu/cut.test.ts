// A slow device gets small dispatches, a fast one large ones: neither may show in a result.
import assert from 'node:assert/strict'
import { mostFlops } from '../../../../src/engine/compute/webgpu/pace.ts'
import type { HostArray } from '../../../../src/engine/dtype.ts'
import { openCounted } from '../../../support/gpuCounts.ts'
import { lacks } from '../../../support/skip.ts'
import { largestOfEach } from '../cases/index.ts'
import { maker, runCase, sums, type OpCase } from '../cases/opCase.ts'

const { f32, weight } = maker('cuts')
/** A cut at a multiple of 64 leaves 3 rows, which alone would be multiplied by the kernel for few. */
const [n, i, o] = [64 * 4 + 3, 160, 64 * 2 + 12]

const products: readonly OpCase[] = [
  ...(['f32', 'bf16', 'f16'] as const).map((dtype): OpCase => ({
    name: `linear ${dtype}`,
    tensors: { out: f32([n, o]), input: f32([n, i]), weight: weight(dtype, [o, i]), bias: f32([o]) },
    run: ({ linear }, t) => linear(t.out, t.input, t.weight, t.bias),
    outputs: ['out'],
    tolerance: sums,
  })),
  {
    name: 'linear of one row',
    tensors: { out: f32([1, 1000]), input: f32([1, i]), weight: f32([1000, i]) },
    run: ({ linear }, t) => linear(t.out, t.input, t.weight, null),
    outputs: ['out'],
    tolerance: sums,
  },
  // Narrow ones, whose last pieces are shorter than they are wide.
  ...[
    [n, 20],
    [40, 64 * 3 + 12],
  ].map(([rows, columns]): OpCase => ({
    name: `linear of ${rows} × ${columns}`,
    tensors: { out: f32([rows, columns]), input: f32([rows, i]), weight: f32([columns, i]) },
    run: ({ linear }, t) => linear(t.out, t.input, t.weight, null),
    outputs: ['out'],
    tolerance: sums,
  })),
  {
    name: 'linear with a long sum, which is made of parts',
    tensors: { out: f32([96, 20]), input: f32([96, 2560]), weight: f32([20, 2560]), bias: f32([20]) },
    run: ({ linear }, t) => linear(t.out, t.input, t.weight, t.bias),
    outputs: ['out'],
    tolerance: sums,
  },
  {
    name: 'linearBackwardInput',
    tensors: { dInput: f32([n, i]), dOut: f32([n, o]), weight: weight('bf16', [o, i]) },
    run: ({ linearBackwardInput }, t) => linearBackwardInput(t.dInput, t.dOut, t.weight, true),
    ...{ outputs: ['dInput'], tolerance: sums },
  },
  {
    name: 'linearBackwardWeight',
    tensors: { dWeight: f32([n, i]), dOut: f32([o, n]), input: f32([o, i]) },
    run: ({ linearBackwardWeight }, t) => linearBackwardWeight(t.dWeight, t.dOut, t.input),
    ...{ outputs: ['dWeight'], tolerance: sums },
  },
]

describe('dispatches', function () {
  this.timeout(300_000)

  it('are expected to take a quarter of a second, and without a measurement keep the default size', () => {
    assert.deepEqual(mostFlops(null), { perDispatch: 1e10, perSubmit: 5e10 })
    for (const rate of [1e8, 1e11, 2e12]) assert.ok(mostFlops(rate).perDispatch <= 0.25 * rate)
    assert.equal(mostFlops(2e12).perDispatch, 5e11)
    assert.equal(mostFlops(1e300).perDispatch, 1e12)
  })

  it('are charged with the bytes that they move: a submission ends where those take long', async function () {
    const gpu = await openCounted({ flopsPerSecond: 1e9 }).catch((e: unknown) => lacks(this, String(e)))
    const x = gpu.backend.allocate('f32', [2 ** 22])
    await gpu.take()
    for (let i = 0; i < 10; i++) gpu.backend.kernels.fill(x, i)
    // 16 MiB each, as many operations at 10 a byte as two thirds of a submission.
    const { submits, dispatches } = (await gpu.take()).counts
    await gpu.close()
    assert.deepEqual([submits, dispatches], [5, 10])
  })

  for (const kind of ['auto', 'portable', 'smallTiles', 'largeTiles'] as const)
    it(`are cut to the same bytes for a slow device, with ${kind} products`, async function () {
      const [results, dispatches] = [[] as Map<string, HostArray>[], [] as number[]]
      for (const flopsPerSecond of [null, 1e5]) {
        const gpu = await openCounted({ products: kind, flopsPerSecond }).catch((e: unknown) => lacks(this, String(e)))
        const found = new Map<string, HostArray>()
        for (const c of [...products, ...largestOfEach])
          for (const [name, data] of await runCase(gpu.backend, c)) found.set(`${c.name}: ${name}`, data.slice())
        results.push(found)
        dispatches.push((await gpu.take()).counts.dispatches)
        await gpu.close()
      }
      assert.ok(dispatches[1] > 1.5 * dispatches[0], dispatches.join())
      for (const [what, data] of results[0]) assert.deepEqual(results[1].get(what), data, what)
    })
})
