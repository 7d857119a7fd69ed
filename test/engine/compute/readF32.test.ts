import assert from 'node:assert/strict'
import { readF32, upload } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'

describe('reading f32', () => {
  it('refuses a tensor of another type instead of taking its bits for floats', async () => {
    const backend = openReference()
    const words = upload(backend, 'u32', [2], Uint32Array.of(1, 2))
    await assert.rejects(readF32(backend, words), { code: 'internal', message: /a tensor of u32 is read as f32/ })
    const floats = upload(backend, 'f32', [2], Float32Array.of(1, 2))
    assert.deepEqual([...(await readF32(backend, floats))], [1, 2])
  })
})
