import assert from 'node:assert/strict'
import { readF32, upload, type Backend } from '../../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuOptions } from '../../../../../src/engine/compute/cpu/open.ts'
import { createRng } from '../../../../../src/engine/rng.ts'

/** A query of 4 heads on 2 kv heads of 24 over so many keys. */
const [numHeads, numKvHeads, headDim] = [4, 2, 24]

async function attended(backend: Backend, length: number, window: number): Promise<Float32Array> {
  const rng = createRng(11, `${length} ${window}`)
  const random = (shape: number[]) => {
    const values = Float32Array.from({ length: shape[0] * shape[1] }, () => rng.normal())
    return upload(backend, 'f32', shape, values)
  }
  const [q, k, v] = [numHeads, numKvHeads, numKvHeads].map((heads) => random([1, heads * headDim]))
  const [keys, values] = [0, 0].map(() => random([length, numKvHeads * headDim]))
  const out = backend.allocate('f32', [1, numHeads * headDim])
  const shape = { length, numHeads, numKvHeads, headDim, scale: headDim ** -0.5, window, softcap: 0 }
  backend.kernels.attentionStep(out, q, k, v, keys, values, shape)
  const result = await readF32(backend, out)
  for (const tensor of [out, q, k, v, keys, values]) backend.release(tensor)
  return result
}

async function results(options: CpuOptions): Promise<Float32Array[]> {
  const backend = await openCpu({ blas: 'none', threads: 2, ...options })
  try {
    const made: Float32Array[] = []
    for (const length of [1, 8, 9, 64, 333])
      for (const window of [0, 50]) made.push(await attended(backend, length, window))
    return made
  } finally {
    await backend.close()
  }
}

describe('attention of one token over caches outside WebAssembly', () => {
  it('gives the bits of caches inside, eight keys at a time', async () => {
    const [inside, panels] = [await results({}), await results({ largeBytes: 0, stageBytes: 0 })]
    assert.deepEqual(panels, inside)
    assert.ok(inside.every((values) => values.some((value) => value !== 0)))
  })
})
