import assert from 'node:assert/strict'
import { seriesStyle, type ChartData } from '../../../src/charts/chartData.ts'
import { chartCsv, chartTable } from '../../../src/charts/chartValues.ts'

const style = seriesStyle(0)
const text = { title: 'Loss', xName: 'step', xLabel: 'steps', yLabel: 'loss' }
const points = (...values: (number | null)[]) => values.map((y, i) => ({ x: i + 1, y }))

const emptyChart: ChartData = { series: [], levels: [], xRange: null, logX: false, logY: false }

describe('a chart as a table', () => {
  it('has a column for each series and what was measured behind it, a row for each place, levels first', () => {
    const series = [{ label: 'loss, smoothed', style, points: points(3, 2.5, null), raw: points(3, 2, null) }]
    const levels = [{ label: 'dense', note: '', value: 2.25, style, dash: '5 4' }]
    assert.deepEqual(chartTable({ ...emptyChart, series, levels }, text), {
      heads: ['step', 'loss, smoothed', 'measured'],
      rows: [
        { head: 'dense', cells: ['2.25'] },
        { head: '1', cells: ['3', '3'] },
        { head: '2', cells: ['2.5', '2'] },
        { head: '3', cells: ['NaN', 'NaN'] },
      ],
    })
  })

  it('leaves a cell empty where a series has no point, and names what was measured by its run', () => {
    const series = [
      { label: 'a, smoothed', style, points: points(1), raw: points(1) },
      { label: 'b, smoothed', style, points: [{ x: 1200, y: 4 }] },
    ]
    assert.deepEqual(chartTable({ ...emptyChart, series }, text), {
      heads: ['step', 'a, smoothed', 'a, measured', 'b, smoothed'],
      rows: [
        { head: '1', cells: ['1', '1', ''] },
        { head: '1,200', cells: ['', '', '4'] },
      ],
    })
  })

  it('has levels alone before there are points, and is empty without data', () => {
    const levels = [{ label: 'dense', note: '', value: 27.65, style, dash: '5 4' }]
    assert.deepEqual(chartTable({ ...emptyChart, levels }, text).rows, [{ head: 'dense', cells: ['27.65'] }])
    assert.deepEqual(chartTable(emptyChart, text).rows, [])
  })

  it('keeps every digit in CSV, and numbers below zero as numbers', () => {
    const series = [
      {
        label: 'a',
        style,
        points: [
          { x: 1200, y: -0.123456789 },
          { x: 1300, y: null },
        ],
      },
    ]
    assert.equal(chartCsv({ ...emptyChart, series }, text), 'step,a\r\n1200,-0.123456789\r\n1300,NaN\r\n')
  })
})
