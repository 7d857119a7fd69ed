// A line chart in the theme's colours, for pointer and keyboard, with a table and file export.
import type { ComponentChildren } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { isShown, valueText, type ChartData, type ChartText } from '../../src/charts/chartData.ts'
import {
  chartCsv,
  chartTable,
  nearestPlace,
  placesOf,
  type Readout,
  readoutAt,
  readoutText,
} from '../../src/charts/chartValues.ts'
import { chartFigure } from '../../src/charts/figure.ts'
import { formatCount } from '../../src/formatting/numbers.ts'
import { Figure, type FigureSwitch } from './figure.tsx'
import { Key } from './legend.tsx'
import { drawChart } from '../../src/charts/drawChart.ts'
import { type ChartLayout, layOutChart } from '../../src/charts/layout.ts'
import { announce } from './announce.ts'
import { drawn, Picture, pixelOf, Tip, useRoomFor } from './picture.tsx'
import { stepTo } from './roving.ts'
import { theme } from './theme.ts'

/** View options of a chart. */
export interface ChartLook {
  logX: boolean
  logY: boolean
}

export interface ChartProps {
  text: ChartText
  data: Pick<ChartData, 'series' | 'levels' | 'xRange'>
  look: ChartLook
  onLook: (look: ChartLook) => void
  /** Axes that can be logarithmic. */
  logAxes: readonly ('x' | 'y')[]
  /** CSV to save instead of the drawn points, which may be thinned. */
  csv?: () => string
  /** Controls beside the menu. */
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

/** Every series with its line and its last value, and a count of the points that cannot be drawn. */
function ChartKey({ data, text }: { data: ChartData; text: ChartText }) {
  const hidden = hiddenByLog(data)
  return (
    <div class="chartKey" role="group" aria-label="Series and their last values">
      {data.series.map(({ label, style, points, marks }) => {
        const last = points.at(-1)
        const gaps = points.filter(({ y }) => y === null).length
        return (
          <Key style={style} mark={marks !== undefined}>
            {last ? `${label}: ${valueText(text, last.y, last.error)}` : `${label}: no values yet`}
            {gaps > 0 && `, ${formatCount(gaps)} × NaN`}
          </Key>
        )
      })}
      {data.levels.map(({ label, style, dash, value, error }) => (
        <Key style={style} dash={dash} mark={false}>
          {`${label}: ${valueText(text, value, error)}`}
        </Key>
      ))}
      {hidden > 0 && <span class="muted">{formatCount(hidden)} values ≤ 0 cannot be shown on a log axis</span>}
    </div>
  )
}

function hiddenByLog(data: ChartData): number {
  const values = [...data.series.flatMap(({ points }) => points.map(({ y }) => y)), ...data.levels.map((l) => l.value)]
  return values.filter((y) => isShown(y, { logY: false }) && !isShown(y, data)).length
}

export interface PlotProps {
  data: ChartData
  text: ChartText
}

const height = 250
const narrowest = 260

export function Plot({ data, text }: PlotProps) {
  const { place, width } = useRoomFor(narrowest)
  const layout = useMemo(() => layOutChart(data, { width, height }), [data, width])
  const ink = theme.value
  const picture = useMemo(() => drawn(drawChart(layout, data, text, ink)), [layout, ink])
  // undefined: no readout; null: the levels, which have no x.
  const [read, setRead] = useState<number | null | undefined>(undefined)
  const readout = read === undefined ? null : readoutAt(data, read, text)
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return setRead(undefined)
    const places = placesOf(data)
    const next = stepTo(event.key, typeof read === 'number' ? places.indexOf(read) : null, places.length)
    if (next === null) return
    event.preventDefault()
    const at = places.length === 0 ? null : places[next]
    setRead(at)
    announce(readoutText(readoutAt(data, at, text)))
  }
  return (
    <Picture
      {...{ place, width, height }}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={`${text.title}: the arrow keys read its values`}
      drawing={picture}
      onPointerMove={(event) => setRead(nearestPlace(placesOf(data), layout.x.valueAt(pixelOf(event).x)))}
      onPointerLeave={() => setRead(undefined)}
      onBlur={() => setRead(undefined)}
      onKeyDown={walk}
    >
      {readout && readout.rows.length > 0 && <ReadoutBox layout={layout} readout={readout} data={data} />}
    </Picture>
  )
}

function ReadoutBox({ layout, readout, data }: { layout: ChartLayout; readout: Readout; data: ChartData }) {
  const { width, left, top, bottom } = layout
  const { x, title, rows } = readout
  const at = x === null ? left : layout.x.at(x)
  return (
    <>
      <svg class="readoutMarks" aria-hidden="true" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {x !== null && <line class="crosshair" x1={at} x2={at} y1={top} y2={bottom} />}
        {rows.map(({ point, style }) =>
          point && isShown(point.y, data) ? (
            <circle
              class="readoutMark"
              cx={layout.x.at(point.x)}
              cy={layout.y.at(point.y)}
              r={4.5}
              stroke={style.colour}
            />
          ) : null,
        )}
      </svg>
      <Tip x={at} top={top} width={width} title={title}>
        {rows.map(({ label, style, dash, text }) => (
          <Key style={style} dash={dash} mark={dash === undefined}>
            {`${label}: ${text}`}
          </Key>
        ))}
      </Tip>
    </>
  )
}
