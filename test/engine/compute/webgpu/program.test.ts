// Kernel calls that are recorded once and sent to the device again.
import assert from 'node:assert/strict'
import { upload, type Backend, type Recorder } from '../../../../src/engine/compute/backend.ts'
import { slice } from '../../../../src/engine/compute/tensor.ts'
import type { WebGpuBackend } from '../../../../src/engine/compute/webgpu/backend.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { openOrSkip } from '../../../support/webgpu.ts'

const [rows, width] = [70, 96]

describe('a program of the GPU', function () {
  this.timeout(120_000)
  let gpu: WebGpuBackend
  before(async function () {
    gpu = await openOrSkip(this)
  })
  after(() => gpu?.close())

  function inputs() {
    const rng = createRng(1, 'program')
    const random = (shape: number[]) =>
      upload(
        gpu,
        'f32',
        shape,
        Float32Array.from({ length: shape[0] * shape[1] }, () => rng.uniform() - 0.5),
      )
    return { table: random([5, width]), weight: random([rows, width]) }
  }

  /** A row of a table and its product with a weight; sums by way of scratch, and of a part of a buffer into its other part. */
  function calls(
    { kernels, allocate, release, write }: Pick<Backend, 'kernels' | 'allocate' | 'release' | 'write'>,
    varying: Recorder['varying'],
    ids: Int32Array,
    { table, weight }: ReturnType<typeof inputs>,
  ) {
    const id = allocate('i32', [1])
    varying(() => write(id, ids))
    const x = allocate('f32', [1, width])
    kernels.gatherRows(x, table, id, 1)
    const y = allocate('f32', [1, rows])
    kernels.linear(y, x, weight, null)
    release(x)
    release(id)
    const both = allocate('f32', [2, rows])
    const [first, second] = [slice(both, 0, [1, rows]), slice(both, rows, [1, rows])]
    varying(() => kernels.fill(both, ids[0]))
    kernels.columnSum(slice(first, 0, [rows]), y)
    kernels.add(second, first, y)
    return both
  }

  it('gives what calling the kernels gives, for the values of the moment, and leaves the tensors of others alone', async () => {
    const used = gpu.memory().usedBytes
    const [ids, given] = [Int32Array.of(4), inputs()]
    const recorder = gpu.record!()
    const found = calls(recorder.backend, recorder.varying, ids, given)
    const others = []
    for (const id of [4, 2, 0, 4]) {
      if (id !== 4 || others.length > 0) {
        ids[0] = id
        recorder.replay()
      }
      const expected = calls(gpu, (call) => call(), ids, given)
      assert.deepEqual(await gpu.read(found), await gpu.read(expected), `row ${id}`)
      gpu.release(expected)
      for (const size of [1, rows, width, 2 * rows])
        others.push(upload(gpu, 'f32', [size], new Float32Array(size).fill(id)))
    }
    for (const [i, tensor] of others.entries())
      assert.deepEqual(new Set(await gpu.read(tensor)), new Set([[4, 2, 0, 4][Math.floor(i / 4)]]))
    recorder.close()
    for (const tensor of [...others, given.table, given.weight]) gpu.release(tensor)
    // Ids and products of the calls that were not recorded.
    assert.equal(gpu.memory().usedBytes - used, 4 * 4 * rows)
  })

  it('is not replayed when one of its calls has failed', async () => {
    const given = inputs()
    gpu.release(given.table)
    const recorder = gpu.record!()
    const found = calls(recorder.backend, recorder.varying, Int32Array.of(1), given)
    await assert.rejects(gpu.read(found), { message: /was released/ })
    recorder.replay()
    await assert.rejects(gpu.read(found), { message: /a recording that had failed/ })
    recorder.close()
    gpu.release(given.weight)
    await gpu.sync()
  })
})
