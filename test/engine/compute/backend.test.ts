import assert from 'node:assert/strict'
import { itemsAtOnce, readF32, RowLimit, upload } from '../../../src/engine/compute/backend.ts'
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

describe('rows of activations that go through a model together', () => {
  it('are as many as a pass wants until memory is refused, then half as many as the latest pass had', () => {
    const rowLimit = new RowLimit()
    assert.equal(itemsAtOnce({ rowLimit }, 16, 128), 16)
    assert.equal(rowLimit.halve(), 1024)
    assert.equal(itemsAtOnce({ rowLimit }, 16, 128), 8)
    assert.equal(itemsAtOnce({ rowLimit }, 2, 128), 2)
    assert.equal(itemsAtOnce({ rowLimit }, 3, 500), 2)
    assert.equal(rowLimit.halve(), 500)
    assert.equal(itemsAtOnce({ rowLimit }, 3, 500), 1)
  })

  it('are a single item at least, which is not halved', () => {
    const rowLimit = new RowLimit()
    assert.equal(rowLimit.halve(), null)
    assert.equal(itemsAtOnce({ rowLimit }, 4, 100), 4)
    assert.equal(rowLimit.halve(), 200)
    assert.equal(itemsAtOnce({ rowLimit }, 4, 2048), 1)
    assert.equal(rowLimit.halve(), null)
  })

  it('are not limited where memory is the host’s', () => {
    assert.equal(itemsAtOnce({}, 7, 1e9), 7)
    assert.equal(itemsAtOnce({}, 0, 1), 1)
  })
})
