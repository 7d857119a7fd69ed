import assert from 'node:assert/strict'
import { upload, type Backend } from '../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuOptions } from '../../../../src/engine/compute/cpu/open.ts'
import { createRng } from '../../../../src/engine/rng.ts'

const [rows, width] = [700, 96]

/** A row of a table, its product with a weight, and a sum: many chunks, then one. */
function recorded(backend: Backend, ids: Int32Array<ArrayBuffer>) {
  const rng = createRng(1, 'recorder')
  const random = (length: number) => Float32Array.from({ length }, () => rng.uniform() - 0.5)
  const table = upload(backend, 'f32', [5, width], random(5 * width))
  const weight = backend.allocate('bf16', [rows, width])
  const wide = upload(backend, 'f32', [rows, width], random(rows * width))
  backend.kernels.convert(weight, wide)
  const recorder = backend.record!()
  const { kernels, allocate, release, write } = recorder.backend
  const id = allocate('i32', [1])
  recorder.varying(() => write(id, ids))
  const x = allocate('f32', [1, width])
  kernels.gatherRows(x, table, id, 1)
  const y = allocate('f32', [1, rows])
  kernels.linear(y, x, weight, null)
  release(x)
  const sum = allocate('f32', [1, rows])
  kernels.add(sum, y, y)
  return { recorder, sum, tensors: [table, weight, wide] }
}

async function rowsOf(options: CpuOptions): Promise<Uint8Array[]> {
  const backend = await openCpu({ threads: 3, ...options })
  try {
    const ids = Int32Array.of(4)
    const { recorder, sum } = recorded(backend, ids)
    const results = [await backend.read(sum)]
    for (const id of [2, 0, 4]) {
      ids[0] = id
      // More scratch than before: it moves.
      const big = backend.allocate('bf16', [64, 3000 * (id + 1)])
      const [out, x] = [backend.allocate('f32', [2, 64]), backend.allocate('f32', [2, 3000 * (id + 1)])]
      backend.kernels.linear(out, x, big, null)
      recorder.replay()
      results.push(await backend.read(sum))
    }
    recorder.close()
    return results.map((data) => new Uint8Array(data.buffer as ArrayBuffer))
  } finally {
    await backend.close()
  }
}

describe('the recorder of the CPU backend', () => {
  it('gives what calling the kernels gives, for the values of the moment', async () => {
    const [first, two, zero, again] = await rowsOf({})
    assert.deepEqual(again, first)
    assert.notDeepEqual(two, first)
    assert.notDeepEqual(zero, two)
  })

  it('gives the same bytes wherever tensors are, and on any number of threads', async () => {
    const inside = await rowsOf({})
    assert.deepEqual(await rowsOf({ largeBytes: 0, stageBytes: 2 ** 15 }), inside)
    assert.deepEqual(await rowsOf({ threads: 1 }), inside)
  })

  it('gives all its memory back', async () => {
    const backend = await openCpu({ threads: 2 })
    const { recorder, tensors } = recorded(backend, Int32Array.of(1))
    recorder.replay()
    recorder.close()
    for (const tensor of tensors) backend.release(tensor)
    const { usedBytes } = backend.memory()
    const scratch = Number(backend.info.details.threads) * 4096
    assert.ok(usedBytes <= scratch, `${usedBytes} bytes`)
    await backend.close()
  })

  it('refuses what a replay would not write again, and another number of kernels', async () => {
    const backend = await openCpu({ threads: 1 })
    const recorder = backend.record!()
    const x = recorder.backend.allocate('f32', [4])
    assert.throws(() => recorder.backend.write(x, new Float32Array(4)), /written once/)
    // A replay writes before its first kernel, which may be one that works in this memory.
    recorder.backend.release(recorder.backend.allocate('f32', [8]))
    const again = recorder.backend.allocate('f32', [8])
    assert.throws(() => recorder.varying(() => recorder.backend.write(again, new Float32Array(8))), /writes first/)
    let calls = 1
    recorder.varying(() => {
      for (let i = 0; i < calls; i++) recorder.backend.kernels.fill(x, i)
    })
    calls = 2
    assert.throws(() => recorder.replay(), /another number of kernels/)
    recorder.close()
    await backend.close()
  })
})
