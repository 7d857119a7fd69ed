// Below a chart: every series with its sign and its last value, and what the picture cannot show.
import { isShown, valueText, type ChartData, type ChartText } from '../../src/shared/chart/chartData.ts'
import { formatCount } from '../../src/shared/format/numbers.ts'
import { h, replaceChildren } from './dom.ts'
import { keyEntry } from './key.ts'

export function createChartKey(chart: ChartText) {
  const element = h('div', { class: 'chartKey', role: 'group', 'aria-label': 'Series and their last values' })
  return {
    element,
    update(data: ChartData): void {
      const series = data.series.map(({ label, style, points, marks }) => {
        const last = points.at(-1)
        const gaps = points.filter(({ y }) => y === null).length
        const text = last ? `${label}: ${valueText(chart, last.y, last.error)}` : `${label}: no values yet`
        return keyEntry(gaps > 0 ? `${text}, ${formatCount(gaps)} × NaN` : text, style, { mark: marks !== undefined })
      })
      const levels = data.levels.map(({ label, style, dash, value, error }) =>
        keyEntry(`${label}: ${valueText(chart, value, error)}`, style, { dash, mark: false }),
      )
      const hidden = hiddenByLog(data)
      const note = `${formatCount(hidden)} values ≤ 0 cannot be shown on a log axis`
      replaceChildren(element, ...series, ...levels, hidden > 0 && h('span', { class: 'muted' }, note))
    },
  }
}

function hiddenByLog(data: ChartData): number {
  const values = [...data.series.flatMap(({ points }) => points.map(({ y }) => y)), ...data.levels.map((l) => l.value)]
  return values.filter((y) => isShown(y, { logY: false }) && !isShown(y, data)).length
}
