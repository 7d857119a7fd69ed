import assert from 'node:assert/strict'
import { cellAt, layOut, nameAt, textSize } from '../../../webview-ui/shared/gridLayout.ts'
import { nothingMarked, rangeOf, step, within } from '../../../webview-ui/shared/gridMark.ts'

const rows = Array.from({ length: 12 }, (_, i) => String(i))
const columns = ['self_attn.q_proj', 'self_attn.k_proj', 'fc1']

describe('the layout of a heatmap', () => {
  it('names lean only where their columns are too narrow, and the width is used', () => {
    const [wide, narrow] = [layOut(rows, columns, 600), layOut(rows, columns, 300)]
    assert.deepEqual([wide.slanted, narrow.slanted], [false, true])
    assert.ok(wide.top < narrow.top)
    assert.ok(wide.width > 400 && wide.width <= 600 && narrow.width <= 300)
  })

  it('finds cells and names, straight or leaning, where they are painted', () => {
    for (const width of [600, 300]) {
      const layout = layOut(rows, columns, width)
      const { left, top, cellWidth, cellHeight, slanted } = layout
      assert.deepEqual(cellAt(layout, left + 1.5 * cellWidth, top + 2.5 * cellHeight), { row: 2, column: 1 })
      assert.deepEqual(nameAt(layout, 2, top + 2.5 * cellHeight), { row: 2 })
      const lean = slanted ? 10 : 0
      assert.deepEqual(nameAt(layout, left + 1.5 * cellWidth + lean, top - 6 - lean), { column: 1 })
    }
  })
})

describe('marked cells of a heatmap', () => {
  const data = { rows, columns, cells: [], colour: () => '' }

  it('are a range by two corners in any order, not by one', () => {
    const [a, b] = [
      { row: 4, column: 0 },
      { row: 2, column: 1 },
    ]
    assert.equal(rangeOf(nothingMarked), null)
    assert.equal(rangeOf({ at: a, anchor: a }), null)
    assert.deepEqual(rangeOf({ at: b, anchor: a }), { from: { row: 2, column: 0 }, to: { row: 4, column: 1 } })
  })

  it('never leave the map by keys', () => {
    const corner = { row: 0, column: 0 }
    for (const key of ['ArrowUp', 'ArrowLeft', 'Home', 'PageUp'])
      assert.deepEqual(within(data, step(key, corner, data) ?? corner), corner)
    assert.deepEqual(step('End', corner, data), { row: 0, column: 2 })
    assert.equal(step('x', corner, data), null)
  })
})

describe('values written into cells', () => {
  it('are as large as the widest of them fits, and left out where they could not be read', () => {
    assert.equal(textSize(20, 80, 40), 11)
    assert.equal(textSize(40, 40, 40), 9)
    assert.equal(textSize(60, 40, 40), null)
    assert.equal(textSize(20, 80, 9), null)
  })
})
