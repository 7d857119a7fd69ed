import assert from 'node:assert/strict'
import { openCpu, type CpuBackend } from '../../../../src/engine/compute/cpu/open.ts'
import { readF32, upload } from '../../../../src/engine/compute/backend.ts'
import { rows } from '../../../../src/engine/compute/tensor.ts'
import { EngineError } from '../../../../src/engine/errors.ts'
import { machineMemoryBytes } from '../../../../src/engine/machine.ts'
import { cannot } from '../../../support/skip.ts'

const outOfMemory = (error: unknown) =>
  error instanceof EngineError &&
  error.code === 'out-of-memory' &&
  /700 MiB are in use; use a smaller --memory/.test(error.message)

/** Windows maps no memory from the system here. */
const insideOnly = process.platform === 'win32'

describe('memory of the CPU backend', () => {
  let backend: CpuBackend
  before(async () => {
    backend = await openCpu({ threads: 2, maxBytes: 700 * 2 ** 20 })
  })
  after(() => backend.close())

  it('counts what is used, and remembers the most', () => {
    const before = backend.memory().usedBytes
    const tensor = backend.allocate('f32', [1000])
    assert.equal(backend.memory().usedBytes - before, Math.ceil(4000 / 64) * 64)
    backend.release(tensor)
    assert.equal(backend.memory().usedBytes, before)
    assert.ok(backend.memory().peakBytes >= before + 4000)
    assert.equal(backend.memory().limitBytes, 700 * 2 ** 20)
  })

  it('refuses what does not fit, in words, and continues', async () => {
    assert.throws(() => backend.allocate('f32', [2 ** 28]), outOfMemory)
    const tensor = backend.allocate('f32', [3])
    backend.kernels.fill(tensor, 2)
    assert.deepEqual(await readF32(backend, tensor), Float32Array.of(2, 2, 2))
    backend.release(tensor)
  })

  it('names a tensor that was used after release', () => {
    const tensor = backend.allocate('f32', [2, 3])
    backend.release(tensor)
    assert.throws(() => backend.kernels.fill(tensor, 0), /\[2, 3\] was used after release/)
    assert.throws(() => backend.release(tensor), /not allocated/)
  })

  it('keeps tensors in place while it grows', async () => {
    const small = backend.allocate('f32', [5])
    backend.kernels.fill(small, 3)
    const big = backend.allocate('f32', [2 ** 24])
    assert.deepEqual(await readF32(backend, small), new Float32Array(5).fill(3))
    backend.release(big)
    backend.release(small)
  })

  it('multiplies with and gathers from a table of more than 128 MiB', async () => {
    const [vocabulary, width] = [70_001, 512]
    const table = backend.allocate('f32', [vocabulary, width])
    backend.kernels.fill(table, 0)
    const last = rows(table, vocabulary - 1, vocabulary)
    backend.write(
      last,
      Float32Array.from({ length: width }, (_, i) => i),
    )
    const ids = backend.allocate('i32', [2])
    backend.write(ids, Int32Array.of(vocabulary - 1, 0))
    const picked = backend.allocate('f32', [2, width])
    backend.kernels.gatherRows(picked, table, ids, 2)
    const gathered = await readF32(backend, picked)
    assert.equal(gathered[width - 1], 2 * (width - 1))
    assert.equal(gathered[width], 0)
    const logits = backend.allocate('f32', [1, vocabulary])
    backend.kernels.fill(picked, 1)
    backend.kernels.linear(logits, rows(picked, 0, 1), table, null)
    const scores = await readF32(backend, logits)
    assert.equal(scores[vocabulary - 1], (width * (width - 1)) / 2)
    assert.equal(scores[vocabulary - 2], 0)
    for (const tensor of [table, ids, picked, logits]) backend.release(tensor)
  })
})

describe('memory of the CPU backend beyond 4 GiB', () => {
  let backend: CpuBackend
  before(async function () {
    if (insideOnly) cannot(this, 'memory is not mapped outside WebAssembly on Windows')
    backend = await openCpu({ threads: 2, maxBytes: 2 ** 40 })
  })
  after(() => backend?.close())

  it('multiplies with, gathers from and scatters into a table of 6 GiB', async () => {
    const [vocabulary, width] = [3 * 2 ** 19, 1024]
    // Only the pages that are touched take memory.
    const table = backend.allocate('f32', [vocabulary, width])
    const last = rows(table, vocabulary - 3, vocabulary)
    const values = Float32Array.from({ length: 3 * width }, (_, i) => i % 7)
    backend.write(last, values)
    assert.deepEqual(await readF32(backend, last), values)
    const ids = upload(backend, 'i32', [2], Int32Array.of(vocabulary - 1, vocabulary - 3))
    const picked = backend.allocate('f32', [2, width])
    backend.kernels.gatherRows(picked, table, ids, 2)
    const expected = [...values.subarray(2 * width), ...values.subarray(0, width)].map((x) => 2 * x)
    assert.deepEqual(Array.from(await readF32(backend, picked)), expected)
    const product = backend.allocate('f32', [2, 3])
    backend.kernels.linear(product, picked, last, null)
    const dot = values.subarray(2 * width).reduce((sum, x) => sum + 2 * x * x, 0)
    assert.equal((await readF32(backend, product))[2], dot)
    backend.kernels.scatterAddRows(table, picked, ids, null)
    assert.deepEqual(
      Array.from(await readF32(backend, rows(table, vocabulary - 1, vocabulary))),
      Array.from(values.subarray(2 * width), (x) => 3 * x),
    )
    for (const tensor of [table, ids, picked, product]) backend.release(tensor)
  })

  it('gives what is released back to the system, inside too once there is something outside', () => {
    const mib = 2 ** 20
    const resident = () => process.memoryUsage().rss / mib
    const before = resident()
    const small = Array.from({ length: 8 }, () => backend.allocate('f32', [8 * mib]))
    const large = backend.allocate('f32', [80 * mib])
    for (const tensor of [...small, large]) backend.kernels.fill(tensor, 1)
    assert.ok(resident() - before > 500, `${resident() - before} MiB more`)
    for (const tensor of [...small, large]) backend.release(tensor)
    backend.release(backend.allocate('f32', [80 * mib]))
    assert.ok(resident() - before < 100, `${resident() - before} MiB more`)
  })

  it('refuses more than it may use, in words', async () => {
    const limited = await openCpu({ threads: 1, maxBytes: 2 ** 33 })
    const first = limited.allocate('bf16', [3 * 2 ** 30])
    assert.throws(() => limited.allocate('bf16', [2 ** 30 + 1]), /6144 MiB of at most 8192 MiB are in use/)
    limited.release(first)
    limited.release(limited.allocate('bf16', [2 ** 31]))
    assert.equal(limited.memory().peakBytes, 3 * 2 ** 31)
    await limited.close()
  })

  it('says where its memory ends when all of it is inside', async () => {
    const inside = await openCpu({ threads: 1, largeBytes: Infinity })
    assert.equal(inside.memory().limitBytes, Math.min(2 ** 32, machineMemoryBytes()))
    assert.throws(() => inside.allocate('f32', [2 ** 30]), /ends at 4 GiB.*--memory/)
    await inside.close()
  })
})
