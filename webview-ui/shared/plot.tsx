// The picture of a chart with its readout: values under the pointer, or where the arrow keys have gone, as a line across, a mark
// on every series and a box of numbers.
import { useMemo, useRef, useState } from 'preact/hooks'
import { isShown, type ChartData, type ChartText } from '../../src/shared/chart/chartData.ts'
import { drawChart } from '../../src/shared/chart/drawChart.ts'
import { layOutChart, type ChartLayout } from '../../src/shared/chart/layout.ts'
import { nearestPlace, placesOf, readoutAt, readoutText, type Readout } from '../../src/shared/chart/readout.ts'
import { announce } from './announce.ts'
import { drawn, useWidth } from './drawn.tsx'
import { KeySymbol } from './keySymbol.tsx'
import { stepTo } from './roving.ts'
import { themeChanges, themeInk } from './theme.ts'

export interface PlotProps {
  data: ChartData
  text: ChartText
}

const height = 250
const narrowest = 260

export function Plot({ data, text }: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const width = Math.max(narrowest, useWidth(place))
  const layout = useMemo(() => layOutChart(data, { width, height }), [data, width])
  const theme = themeChanges.value
  const picture = useMemo(() => drawn(drawChart(layout, data, text, themeInk())), [layout, theme])
  // undefined: nothing is read; null: the levels, which have no place.
  const [read, setRead] = useState<number | null | undefined>(undefined)
  const readout = read === undefined ? null : readoutAt(data, read, text)
  const placeAt = (event: MouseEvent) => {
    const pixel = event.clientX - (place.current?.getBoundingClientRect().left ?? 0)
    return nearestPlace(placesOf(data), layout.x.valueAt(pixel))
  }
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
    <div
      class="chartPicture"
      ref={place}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={`${text.title}: the arrow keys read its values`}
      onPointerMove={(event) => setRead(placeAt(event))}
      onPointerLeave={() => setRead(undefined)}
      onBlur={() => setRead(undefined)}
      onKeyDown={walk}
    >
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {picture}
      </svg>
      {readout && readout.rows.length > 0 && <ReadoutBox layout={layout} readout={readout} data={data} />}
    </div>
  )
}

function ReadoutBox({ layout, readout, data }: { layout: ChartLayout; readout: Readout; data: ChartData }) {
  const { width, left, right, top, bottom } = layout
  const { x, title, rows } = readout
  const at = x === null ? left : layout.x.at(x)
  // Beside the line, on the side that has more room.
  const side = at < (left + right) / 2 ? { left: `${at + 10}px` } : { right: `${width - at + 10}px` }
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
      <div class="tip readout" aria-hidden="true" style={{ top: `${top}px`, ...side }}>
        {title !== '' && <div class="readoutTitle">{title}</div>}
        {rows.map(({ label, style, text }) => (
          <div class="key">
            <KeySymbol style={style} />
            {`${label}: ${text}`}
          </div>
        ))}
      </div>
    </>
  )
}
