import assert from 'node:assert/strict'
import { barAt, barsFigure, barsTable, drawBars, layOutBars, type BarsData } from '../../../src/charts/drawBars.ts'
import { seriesStyle } from '../../../src/charts/chartData.ts'
import { paperInk } from '../../../src/charts/drawChart.ts'
import { shapeText, type Shape } from '../../../src/charts/shape.ts'
import { histogramBars, profileBars, profileCaption } from '../../../src/charts/tensorBars.ts'

const data = (values: (number | null)[], more: Partial<BarsData> = {}): BarsData => ({
  title: 'Error <after>',
  xLabel: 'block',
  yLabel: 'error',
  bars: values.map((value, i) => ({ name: `block ${i}`, value, text: `${value}`, marked: value === 3 })),
  ...more,
})

function all({ tag, attributes, children }: Shape, wanted: string): Record<string, string | number>[] {
  const inside = children.flatMap((child) => (typeof child === 'string' ? [] : all(child, wanted)))
  return attributes.class === wanted || tag === wanted ? [attributes, ...inside] : inside
}

describe('bars', () => {
  it('have heights in proportion to the values, or to their roots', () => {
    for (const roots of [false, true]) {
      const drawing = drawBars(layOutBars(data([1, 4, 0], { roots }), 300, 150), data([1, 4, 0], { roots }), paperInk)
      const [one, four, none] = all(drawing, 'bar').map(({ height }) => Number(height))
      assert.ok(Math.abs(four / one - (roots ? 2 : 4)) < 1e-9)
      assert.equal(none, 0)
    }
  })

  it('are missing for unknown values, and crosses for what is not a number', () => {
    const some = data([1, null, NaN, 3], { markedMeans: 'far above the others' })
    const drawing = drawBars(layOutBars(some, 300, 150), some, paperInk)
    assert.equal(all(drawing, 'gap').length, 1)
    const fills = all(drawing, 'bar').map(({ fill }) => fill)
    assert.equal(new Set(fills).size, 2)
    const figure = shapeText(barsFigure(some, 'opt-125m'))
    assert.match(figure, />far above the others<.*|>opt-125m</)
    const other = { label: 'run b', style: seriesStyle(1), values: [2, null, 5, 1] }
    assert.match(shapeText(barsFigure({ ...some, others: [other] }, '')), />run b</)
    assert.match(figure, /Error &lt;after&gt;/)
  })

  it('have axes without NaN with no bar, one bar, or only zeros', () => {
    for (const values of [[], [2], [0, 0], [NaN]]) {
      const text = shapeText(barsFigure(data(values), ''))
      assert.doesNotMatch(text, /"[^"]*(NaN|Infinity)[^"]*"/)
    }
  })

  it('are found by their pixels, and not beside them', () => {
    const layout = layOutBars(data([1, 2, 3]), 300, 150)
    const middle = (i: number) => layout.left + (i + 0.5) * layout.each
    assert.deepEqual(
      [-0.6, 0, 1, 2, 3].map((i) => barAt(layout, middle(i), 3)),
      [null, 0, 1, 2, null],
    )
  })

  it('fill the width when they are few, without becoming walls', () => {
    const some = data([1, 2, 3])
    const layout = layOutBars(some, 1200, 150)
    const bars = all(drawBars(layout, some, paperInk), 'bar').map(({ x, width }) => [
      Number(x),
      Number(x) + Number(width),
    ])
    assert.ok(bars.every(([from, to]) => to - from < 200))
    const third = (layout.right - layout.left) / 3
    const off = bars.map(([from, to], i) => (from + to) / 2 - (layout.left + (i + 0.5) * third))
    assert.ok(
      off.every((pixels) => Math.abs(pixels) < 1e-6),
      off.join(),
    )
    const bins = data([1, 2], { range: [0, 1] })
    const [first, second] = all(drawBars(layOutBars(bins, 1200, 150), bins, paperInk), 'bar')
    assert.ok(Number(second.x) - Number(first.x) - Number(first.width) < 2, 'bins of a histogram meet')
  })

  it('are a table with a row for each', () => {
    assert.deepEqual(barsTable(data([1, 2])), {
      heads: ['block', 'error'],
      rows: [
        { head: 'block 0', cells: ['1'] },
        { head: 'block 1', cells: ['2'] },
      ],
    })
  })

  it('mark the zero bin of a histogram only where there are zeros', () => {
    const histogram = { from: -1, to: 1, counts: [1, 2, 3, 4] }
    const marked = (zeros: number) => histogramBars(histogram, zeros, 'h').bars.map((bar) => bar.marked)
    assert.deepEqual(marked(2), [false, false, true, false])
    assert.ok(!marked(0).includes(true))
  })

  it('name the parts of a profile by rows or labels', () => {
    const rows = profileBars('rows', [0, 0.5], { what: 'row', size: 8 })
    assert.deepEqual(
      rows.bars.map(({ name, text }) => [name, text]),
      [
        ['row 0 to 3', '0 %'],
        ['row 4 to 7', '50.00 %'],
      ],
    )
    assert.equal(
      profileCaption('heads', [0.5, 0.25], ['head 0', 'head 1']),
      'heads: 25.00 % (head 1) to 50.00 % (head 0) exact zeros',
    )
  })
})
