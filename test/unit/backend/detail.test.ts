import assert from 'node:assert/strict'
import { readDetail } from '../../../src/backend/detail.ts'
import { statsOf } from '../../../src/backend/scan.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

/** Patterns are counted in linears only. */
const linear = { name: 'model.layers.0.mlp.up_proj.weight' }

describe('detail of a tensor', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  async function detailOf(
    shape: number[],
    values: number[],
    options: { threshold?: number; slice?: number[]; name?: string } = {},
  ) {
    const { name = 'w' } = options
    const path = temp.write('model.safetensors', safetensors({ [name]: f32(shape, values) }))
    const checkpoint = await openCheckpoint(path)
    const { signal } = new AbortController()
    try {
      const stats = await statsOf(checkpoint, name, signal)
      assert.ok(stats)
      const spans = [
        { label: 'head 0', start: 0, end: 1 },
        { label: 'head 1', start: 1, end: 2 },
      ]
      const heads = { along: 'rows' as const, spans }
      const asked = { slice: [], threshold: 0, transposed: false, heads, ...options, stats }
      return await readDetail(checkpoint, name, asked, signal)
    } finally {
      await checkpoint.close()
    }
  }

  it('counts zeros by row, column and head', async () => {
    const { rowSparsity, columnSparsity, zeroRows, zeroColumns, heads, near } = await detailOf(
      [2, 4],
      [0, 0, 0, 1, 0, 2, 3, 4],
    )
    assert.deepEqual(rowSparsity, [0.75, 0.25])
    assert.deepEqual(columnSparsity, [1, 0.5, 0.5, 0])
    assert.deepEqual([zeroRows, zeroColumns], [0, 1])
    assert.deepEqual(heads, [
      { label: 'head 0', sparsity: 0.75 },
      { label: 'head 1', sparsity: 0.25 },
    ])
    assert.equal(near, null)
  })

  it('counts weights near zero, exact zeros among them, and not NaN', async () => {
    const values = [0, -0.001, 0.001, 0.002, NaN, -1, 0, 1e-9]
    assert.deepEqual((await detailOf([2, 4], values, { threshold: 0.00101 })).near, { threshold: 0.00101, count: 5 })
  })

  it('looks at one slice of more than two dimensions', async () => {
    const { rows, columns, rowSparsity } = await detailOf([2, 2, 2], [1, 1, 1, 1, 0, 0, 0, 1], { slice: [1] })
    assert.deepEqual([rows, columns, rowSparsity], [2, 2, [1, 0.5]])
  })

  it('combines neighbours where there are more than 512, each exactly once', async () => {
    const values = Array.from({ length: 700 * 2 }, (_, i) => (i < 700 ? 0 : 1))
    const { rowSparsity, columnSparsity } = await detailOf([700, 2], values)
    assert.deepEqual([rowSparsity.length, columnSparsity], [512, [0.5, 0.5]])
    assert.deepEqual([rowSparsity[0], rowSparsity[511], rowSparsity[255], rowSparsity[256]], [1, 0, 1, 0])
  })

  it('names groups that break a pattern only if a fifth of all groups keep it', async () => {
    // 2:4 along rows of four: the first `kept` rows keep it.
    const rowsOf = (kept: number) => Array.from({ length: 10 }, (_, row) => (row < kept ? [0, 0, 1, 1] : [1, 1, 1, 1]))
    const violations = async (kept: number) => (await detailOf([10, 4], rowsOf(kept).flat(), linear)).violations
    assert.equal(await violations(0), null)
    assert.equal(await violations(1), null)
    assert.equal((await violations(2))?.groups.length, 8)
  })
})
