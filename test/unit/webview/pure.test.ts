import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compileFilter } from '../../../webview-ui/shared/filterField.tsx'
import { cellAt, layOut, nameAt } from '../../../webview-ui/shared/gridLayout.ts'
import { around, pan, wholeMatrix, zoom, type Region } from '../../../webview-ui/shared/matrixInput.ts'
import { layOutHeat } from '../../../webview-ui/inspector/cells.ts'
import { csvFile, htmlFile } from '../../../webview-ui/inspector/exportFiles.ts'
import { cellValue, sparsityMeasure, type Known } from '../../../webview-ui/inspector/measures.ts'
import { roleTotals } from '../../../webview-ui/inspector/summary.ts'
import { recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

describe('filter', () => {
  it('keeps names that hold every word', () => {
    const { keep } = compileFilter({ text: '3 FC1', regex: false })
    assert.ok(keep)
    assert.deepEqual(['layers.3.fc1', 'layers.4.fc1'].map(keep), [true, false])
  })
  it('says why a regular expression is invalid', () => {
    assert.match(compileFilter({ text: '(', regex: true }).error ?? '', /unterminated/i)
  })
})

describe('region of a matrix', () => {
  it('never leaves the matrix and never becomes empty', () => {
    const inside = ({ rowStart, rowEnd, columnStart, columnEnd }: Region, rows: number, columns: number) =>
      rowStart >= 0 &&
      rowStart < rowEnd &&
      rowEnd <= rows &&
      columnStart >= 0 &&
      columnStart < columnEnd &&
      columnEnd <= columns
    const share = fc.double({ min: -2, max: 2, noNaN: true })
    const move = fc.tuple(fc.boolean(), share, share, fc.double({ min: 0.1, max: 4, noNaN: true }))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(move),
        (rows, columns, moves) => {
          let region = wholeMatrix(rows, columns)
          for (const [isZoom, x, y, factor] of moves) {
            region = isZoom
              ? zoom(region, factor, Math.abs(x) % 1, Math.abs(y) % 1, rows, columns)
              : pan(region, x, y, rows, columns)
            assert.ok(inside(region, rows, columns), JSON.stringify(region))
          }
          assert.ok(inside(around(rows - 1, columns - 1, rows, columns), rows, columns))
        },
      ),
    )
  })
})

describe('heatmap', () => {
  const model = recordedModel(3)
  const stats = new Map(recordedStats(model).map((s) => [s.name, s]))
  const map = layOutHeat(model.tensors)

  it('has a cell for each linear of each block, and no cell for the rest', () => {
    assert.equal(map.cells.filter(Boolean).length, 18)
    assert.deepEqual(map.modules, [
      'self_attn.q_proj',
      'self_attn.k_proj',
      'self_attn.v_proj',
      'self_attn.out_proj',
      'fc1',
      'fc2',
    ])
  })
  const known: Known = { stats, analysis: new Map(), denseLoss: null }
  it('has null, never 0, where nothing is computed', () => {
    const cell = map.cells[0]
    assert.ok(cell)
    assert.equal(cellValue(cell, sparsityMeasure, { ...known, stats: new Map() }), null)
  })
  it('weighs totals by weights and says how many were scanned', () => {
    const [linear] = roleTotals(model, new Map([...stats].slice(0, 3)))
    assert.equal(linear.role, 'linear')
    assert.deepEqual([linear.scanned, linear.tensors], [1, 18])
    assert.equal(linear.zeros, stats.get('model.decoder.layers.0.self_attn.q_proj.weight')?.zeros)
  })
  it('finds the cell that is painted at a point', () => {
    const layout = layOut(['0', '1'], ['a', 'b', 'c'], 600)
    const x = layout.left + 2.5 * layout.cellWidth
    const y = layout.top + 1.5 * layout.cellHeight
    assert.deepEqual(cellAt(layout, x, y), { row: 1, column: 2 })
    assert.equal(cellAt(layout, 1, y), null)
    assert.deepEqual(nameAt(layout, 1, y), { row: 1 })
    assert.equal(nameAt(layout, x, y), null)
    assert.deepEqual(nameAt(layout, layout.left + 1.5 * layout.cellWidth, layout.top - 8), { column: 1 })
    assert.equal(nameAt(layout, 1, 1), null)
  })
})

describe('an export', () => {
  const model = { ...recordedModel(1), label: '<img src=x onerror=alert(1)>' }
  const stats = new Map(recordedStats(model).map((s) => [s.name, s]))
  it('has in CSV a line for each row shown', () => {
    const lines = csvFile(model.tensors, { stats, analysis: new Map(), denseLoss: null }).trim().split('\r\n')
    assert.equal(lines.length, model.tensors.length + 1)
  })
  it('keeps hostile names as text in the report', () => {
    const content = htmlFile(model, model.tensors, stats, '<svg></svg>')
    assert.ok(!content.includes('<img'))
  })
})
