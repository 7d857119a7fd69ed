// A line chart: drawn in the theme's colours, read by pointer, by keyboard and as a table, saved as a figure.
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { isShown, valueText, type ChartData, type ChartText } from '../../src/charts/chartData.ts'
import { chartCsv, chartTable } from '../../src/charts/chartValues.ts'
import { chartFigure } from '../../src/charts/figure.ts'
import { formatCount } from '../../src/formatting/numbers.ts'
import { Figure, type FigureSwitch } from './figure.tsx'
import { KeySymbol } from './keySymbol.tsx'
import { Plot } from './plot.tsx'

/** How a person looks at a chart. */
export interface ChartLook {
  logX: boolean
  logY: boolean
}

export interface ChartProps {
  text: ChartText
  data: Pick<ChartData, 'series' | 'levels' | 'xRange'>
  look: ChartLook
  onLook: (look: ChartLook) => void
  /** Axes that a person may make logarithmic. */
  logAxes: readonly ('x' | 'y')[]
  /** In place of what is drawn, which may be thinned. */
  csv?: () => string
  /** Beside the menu. */
  tools?: ComponentChildren
}

export function Chart({ text, data, look, onLook, logAxes, csv, tools }: ChartProps) {
  const { logX, logY } = look
  const shown = useMemo((): ChartData => ({ ...data, logX, logY }), [data, logX, logY])
  return (
    <Figure
      title={text.title}
      figure={() => chartFigure(shown, text)}
      csv={csv ?? (() => chartCsv(shown, text))}
      table={() => chartTable(shown, text)}
      switches={logSwitches(look, onLook, logAxes)}
      tools={tools}
    >
      <Plot data={shown} text={text} />
      <ChartKey data={shown} text={text} />
    </Figure>
  )
}

export function logSwitches(
  look: ChartLook,
  onLook: (look: ChartLook) => void,
  axes: ChartProps['logAxes'] = ['x', 'y'],
): FigureSwitch[] {
  return axes.map((axis) => {
    const which = axis === 'x' ? 'logX' : 'logY'
    return { label: `Logarithmic ${axis} axis`, on: look[which], set: (on) => onLook({ ...look, [which]: on }) }
  })
}

/** Every series with its sign and its last value, and what the picture cannot show. */
function ChartKey({ data, text }: { data: ChartData; text: ChartText }) {
  const hidden = hiddenByLog(data)
  return (
    <div class="chartKey" role="group" aria-label="Series and their last values">
      {data.series.map(({ label, style, points, marks }) => {
        const last = points.at(-1)
        const gaps = points.filter(({ y }) => y === null).length
        return (
          <span class="key">
            <KeySymbol style={style} mark={marks !== undefined} />
            {last ? `${label}: ${valueText(text, last.y, last.error)}` : `${label}: no values yet`}
            {gaps > 0 && `, ${formatCount(gaps)} × NaN`}
          </span>
        )
      })}
      {data.levels.map(({ label, style, dash, value, error }) => (
        <span class="key">
          <KeySymbol style={style} dash={dash} mark={false} />
          {`${label}: ${valueText(text, value, error)}`}
        </span>
      ))}
      {hidden > 0 && <span class="muted">{formatCount(hidden)} values ≤ 0 cannot be shown on a log axis</span>}
    </div>
  )
}

function hiddenByLog(data: ChartData): number {
  const values = [...data.series.flatMap(({ points }) => points.map(({ y }) => y)), ...data.levels.map((l) => l.value)]
  return values.filter((y) => isShown(y, { logY: false }) && !isShown(y, data)).length
}
