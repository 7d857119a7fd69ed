// The picture of a chart with its readout: values under the pointer, or where the arrow keys have gone, as a line across, a mark
// on every series and a box of numbers.
import { useMemo, useState } from 'preact/hooks'
import { isShown, type ChartData, type ChartText } from '../../src/charts/chartData.ts'
import { drawChart } from '../../src/charts/drawChart.ts'
import { layOutChart, type ChartLayout } from '../../src/charts/layout.ts'
import { nearestPlace, placesOf, readoutAt, readoutText, type Readout } from '../../src/charts/chartValues.ts'
import { announce } from './announce.ts'
import { drawn } from './drawn.tsx'
import { KeySymbol } from './keySymbol.tsx'
import { Picture, pixelOf, Tip, useRoomFor } from './picture.tsx'
import { stepTo } from './roving.ts'
import { theme } from './theme.ts'

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
  // undefined: nothing is read; null: the levels, which have no place.
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
          <div class="key">
            <KeySymbol style={style} dash={dash} mark={dash === undefined} />
            {`${label}: ${text}`}
          </div>
        ))}
      </Tip>
    </>
  )
}
