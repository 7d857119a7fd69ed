import assert from 'node:assert/strict'
import { seriesStyle, type ChartData } from '../../../src/charts/chartData.ts'
import { chartFigure } from '../../../src/charts/figure.ts'
import { placeLabels } from '../../../src/charts/drawChart.ts'
import { layOutChart } from '../../../src/charts/layout.ts'
import { nearestPlace, placesOf, readoutAt, readoutText } from '../../../src/charts/chartValues.ts'
import { shapeText } from '../../../src/charts/shape.ts'

const emptyChart: ChartData = { series: [], levels: [], xRange: null, logX: false, logY: false }
const text = { title: 'Loss', xName: 'step', xLabel: 'optimiser steps', yLabel: 'loss' }
const points = (ys: (number | null)[], from = 0) => ys.map((y, i) => ({ x: from + i, y }))
const line = (ys: (number | null)[], index = 0, from = 0) => {
  return { label: `s${index}`, style: seriesStyle(index), points: points(ys, from) }
}
const level = (label: string, value: number) => ({ label, note: label, value, style: seriesStyle(0), dash: '5 4' })
const chart = (data: Partial<ChartData>): ChartData => ({ ...emptyChart, ...data })
const drawn = (data: Partial<ChartData>) => {
  const figure = chartFigure(chart(data), text)
  return figure === null ? '' : shapeText(figure)
}
const pathOf = (svg: string) => /class="line"[^>]*? d="([^"]*)"/.exec(svg)?.[1] ?? ''

describe('the figure of a chart', () => {
  it('leaves a gap with a cross where a value is missing or has no logarithm', () => {
    const svg = drawn({ series: [line([1, null, 2, 3])] })
    assert.match(svg, /class="gap"/)
    assert.equal(pathOf(drawn({ series: [line([1, 2, null, 2, 3])] })).match(/M/g)?.length, 2)
    assert.equal(pathOf(drawn({ series: [line([1, 2, 0, 2, 3])], logY: true })).match(/M/g)?.length, 2)
  })

  it('draws one point and equal values without dividing by zero, and nothing without points', () => {
    const one = drawn({ series: [line([7])] })
    assert.match(one, /class="mark"/)
    assert.ok(!/NaN|Infinity/.test(one + drawn({ series: [line([3, 3])] })))
    assert.equal(drawn({}), '')
    assert.equal(drawn({ series: [line([])] }), '')
  })

  it('is self-contained: white ground, title, a key of all series and levels, no variables of a theme', () => {
    const svg = drawn({ series: [line([1, 2]), line([2, 1], 1)], levels: [level('dense', 1.5)] })
    assert.match(svg, /<rect width="720" height="\d+" fill="#ffffff">/)
    assert.equal(svg.match(/class="keyEntry"/g)?.length, 3)
    assert.match(svg, />Loss<\/text>/)
    assert.ok(!/var\(--|class="key"/.test(svg))
  })

  it('draws levels horizontal and dashed, and a hostile name as text', () => {
    const svg = drawn({ levels: [level('<img src=x>', 5)] })
    const [, y1, y2] = /class="level"[^>]* y1="([^"]*)" y2="([^"]*)"/.exec(svg) ?? []
    assert.equal(y1, y2)
    assert.ok(y1)
    assert.match(svg, /stroke-dasharray="5 4"/)
    assert.ok(!svg.includes('<img'))
  })

  it('shows standard errors: bars at points, bands about levels, all in sight, also where a logarithm ends', () => {
    const series = [{ ...line([]), points: [{ x: 0, y: 50, error: 20 }], marks: 'both' as const }]
    const levels = [{ ...level('dense', 10), error: 9 }]
    const svg = drawn({ series, levels })
    assert.equal(svg.match(/class="errorBar"/g)?.length, 1)
    assert.equal(svg.match(/class="errorBand"/g)?.length, 1)
    const { y, top, bottom } = layOutChart(chart({ series, levels }), { width: 500, height: 250 })
    for (const end of [30, 70, 1, 19]) assert.ok(y.at(end) >= top && y.at(end) <= bottom, `${end}`)
    const tooWide = drawn({ series: [{ ...line([]), points: [{ x: 0, y: 5, error: 20 }] }], logY: true })
    assert.ok(!/NaN|Infinity/.test(tooWide))
    assert.ok(!drawn({ series: [line([1, 2])], levels: [level('dense', 1)] }).includes('class="error'))
  })

  it('keeps names of close levels apart', () => {
    const data = chart({ levels: [level('dense 27.65', 27.65), level('pruned 27.66', 27.66), level('far', 60)] })
    const places = placeLabels(layOutChart(data, { width: 500, height: 250 }), data)
    assert.equal(places.length, 3)
    assert.equal(new Set(places.map(({ x, y }) => `${Math.round(x)} ${Math.round(y / 12)}`)).size, 3)
  })
})

describe('the readout of a chart', () => {
  const data = chart({ series: [line([5, 4, null]), line([9], 1, 7)], levels: [level('dense', 1.5)] })

  it('finds the nearest place that has a point', () => {
    assert.deepEqual(placesOf(data), [0, 1, 2, 7])
    assert.equal(nearestPlace(placesOf(data), 4.4), 2)
    assert.equal(nearestPlace([], 1), null)
  })

  it('lists every series, with the place of its nearest point where that differs, gaps and levels', () => {
    assert.equal(readoutText(readoutAt(data, 2, text)), 'step 2. s0: NaN; s1: 9 at step 7; dense: 1.5')
    assert.equal(readoutText(readoutAt(data, null, text)), 'dense: 1.5')
    // A level keeps its dash, by which it is told from the series.
    assert.deepEqual(
      readoutAt(data, 2, text).rows.map(({ dash }) => dash),
      [undefined, undefined, level('dense', 1.5).dash],
    )
    assert.equal(readoutText(readoutAt(emptyChart, null, text)), 'no values yet')
  })

  it('shows the measured value beside a smoothed one', () => {
    const smoothed = chart({ series: [{ ...line([2, 3]), raw: points([1, 4]) }] })
    assert.equal(readoutText(readoutAt(smoothed, 1, text)), 'step 1. s0: 3 (measured 4)')
  })
})
