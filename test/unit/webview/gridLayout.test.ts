import assert from 'node:assert/strict'
import {
  cellAt,
  layOut,
  nameAt,
  showsNumbers,
  textSize,
  nothingMarked,
  rangeOf,
  step,
  within,
} from '../../../webview-ui/shared/gridLayout.ts'

const rows = Array.from({ length: 12 }, (_, i) => String(i))
const columns = ['self_attn.q_proj', 'self_attn.k_proj', 'fc1']

describe('the layout of a heatmap', () => {
  it('names of modules are short and horizontal, below the part of the block that they belong to', () => {
    const { names, groups, width } = layOut(rows, ['self_attn.q_proj', 'self_attn.out_proj', 'fc1', 'mlp.up_proj'], 600)
    assert.deepEqual(names, ['q', 'out', 'fc1', 'up'])
    assert.deepEqual(groups, [
      { name: 'attention', first: 0, last: 1 },
      { name: 'MLP', first: 3, last: 3 },
    ])
    assert.ok(width > 400 && width <= 600)
  })

  it('a name without room is cut', () => {
    const many = new Array<string>(10).fill('a_long_name')
    assert.equal(layOut(rows, many, 250).names[0], 'a_…')
  })

  it('cells show numbers that differ and fit, in rows of 18 pixels', () => {
    const cells = (texts: string[]) => texts.map((text) => ({ value: 0.5, text }))
    const wide = layOut(rows, columns, 600)
    assert.equal(wide.cellHeight, 18)
    assert.equal(showsNumbers(wide, cells(['40', '60'])), true)
    assert.equal(showsNumbers(wide, cells(['50', '50'])), false)
    assert.equal(showsNumbers(layOut(rows, columns, 60), cells(['0.0001234', '60'])), false)
    assert.equal(showsNumbers(layOut(new Array<string>(80).fill('0'), columns, 600), cells(['40', '60'])), false)
    assert.equal(showsNumbers(wide, [{ value: null, text: '' }, ...cells(['50'])]), true, 'the first that is known')
  })

  it('finds cells and names where they are painted', () => {
    for (const width of [600, 300]) {
      const layout = layOut(rows, columns, width)
      const { left, top, cellWidth, cellHeight } = layout
      assert.deepEqual(cellAt(layout, left + 1.5 * cellWidth, top + 2.5 * cellHeight), { row: 2, column: 1 })
      assert.deepEqual(nameAt(layout, 2, top + 2.5 * cellHeight), { row: 2 })
      assert.deepEqual(nameAt(layout, left + 1.5 * cellWidth, top - 6), { column: 1 })
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
