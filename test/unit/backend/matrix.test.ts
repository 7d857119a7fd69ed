import assert from 'node:assert/strict'
import { readTile } from '../../../src/backend/matrix.ts'
import { createMemoryCheckpoint, smallOpt } from '../../support/memoryCheckpoint.ts'

describe('a tile', () => {
  it('gives the share of non-zeros and the mean |w| of the finite weights in a pixel', async () => {
    const checkpoint = createMemoryCheckpoint(smallOpt)
    // Two pixels of two rows and two columns each.
    checkpoint.put('w', [2, 4], Float32Array.of(1, -1, 2, 0, -3, 3, 1, NaN))
    const region = { rowStart: 0, rowEnd: 2, columnStart: 0, columnEnd: 4 }
    const request = { path: '', name: 'w', slice: [], ...region, width: 2, height: 1 }
    const tile = await readTile(checkpoint, request, new AbortController().signal)
    assert.equal(tile.values, null)
    assert.deepEqual([...Buffer.from(tile.density, 'base64')], [255, Math.round((255 * 3) / 4)])
    const sizes = [...Buffer.from(tile.size.shares, 'base64')].map((share) => (share / 255) * tile.size.most)
    assert.equal(tile.size.most, 2)
    assert.ok(Math.abs(sizes[0] - 2) < 1e-9 && Math.abs(sizes[1] - 1) <= 2 / 255, String(sizes))
  })
})
