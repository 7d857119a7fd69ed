import assert from 'node:assert/strict'
import { openCpu, type CpuBackend } from '../../../../src/engine/compute/cpu/open.ts'
import { readF32 } from '../../../../src/engine/compute/backend.ts'
import { rows } from '../../../../src/engine/compute/tensor.ts'
import { EngineError } from '../../../../src/engine/errors.ts'

const outOfMemory = (error: unknown) =>
  error instanceof EngineError && error.code === 'out-of-memory' && /4 GiB.*--memory/.test(error.message)

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

  it('refuses what does not fit, in words, and goes on', async () => {
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

  it('multiplies by and gathers from a table of more than 128 MiB', async () => {
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
