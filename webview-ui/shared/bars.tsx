// Bars as a figure: read by pointer and keyboard, as a table, and saved; a bar can be picked where somebody listens.
import { useMemo, useRef, useState } from 'preact/hooks'
import {
  barAt,
  barsFigure,
  barsKey,
  barsTable,
  drawBars,
  layOutBars,
  type BarsData,
} from '../../src/shared/chart/drawBars.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import { announce } from './announce.ts'
import { drawn, useWidth } from './drawn.tsx'
import { Figure } from './figure.tsx'
import { stepTo } from './roving.ts'
import { themeChanges, themeInk } from './theme.ts'

/** A bar that the page points out, such as the block that was clicked in another picture. */
interface Picking {
  picked?: number | null
  onPick?: (bar: number) => void
}

export interface BarsProps extends Picking {
  data: BarsData
  caption?: string
  /** Height of the picture, in CSS pixels. */
  height?: number
  /** Name of its files; the title unless given. */
  name?: string
}

export function Bars({ data, caption = '', height = 170, name, ...picking }: BarsProps) {
  const csv = () => toCsv([data.xLabel, data.yLabel], data.bars.map(({ name: bar, value }) => [bar, value ?? 'NaN'])) // prettier-ignore
  return (
    <Figure
      title={data.title}
      name={name}
      figure={() => barsFigure(data, caption)}
      csv={csv}
      table={() => barsTable(data)}
    >
      <BarsPicture data={data} height={height} {...picking} />
      {barsKey(data).map(({ colour, text }) => (
        <span class="key muted">
          <span class="legendMark" aria-hidden="true" style={{ backgroundColor: colour }} />
          {text}
        </span>
      ))}
      {caption !== '' && <div class="muted caption">{caption}</div>}
    </Figure>
  )
}

const narrowest = 220

function BarsPicture({ data, height, picked = null, onPick }: Picking & { data: BarsData; height: number }) {
  const place = useRef<HTMLDivElement>(null)
  const width = Math.max(narrowest, useWidth(place))
  const layout = useMemo(() => layOutBars(data, width, height), [data, width, height])
  const theme = themeChanges.value
  const picture = useMemo(() => drawn(drawBars(layout, data, themeInk())), [layout, theme])
  const [read, setRead] = useState<number | null>(null)
  const { bars } = data
  const placeAt = (event: MouseEvent) =>
    barAt(layout, event.clientX - (place.current?.getBoundingClientRect().left ?? 0), bars.length)
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return setRead(null)
    if (event.key === 'Enter' && read !== null) return onPick?.(read)
    const next = stepTo(event.key, read, bars.length)
    if (next === null || bars.length === 0) return
    event.preventDefault()
    setRead(next)
    announce(`${bars[next].name}: ${bars[next].text}`)
  }
  const shown = read === null ? undefined : bars.at(read)
  const { left, top, bottom, each } = layout
  const box = (at: number) => ({ x: left + at * each, y: top, width: Math.max(1, each), height: bottom - top })
  return (
    <div
      class={onPick ? 'chartPicture picks' : 'chartPicture'}
      ref={place}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={`${data.title}: the arrow keys read its values`}
      onPointerMove={(event) => setRead(placeAt(event))}
      onPointerLeave={() => setRead(null)}
      onBlur={() => setRead(null)}
      onKeyDown={walk}
      onClick={(event) => {
        const at = placeAt(event)
        if (at !== null) onPick?.(at)
      }}
    >
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {picked !== null && <rect class="pickedBar" {...box(picked)} />}
        {picture}
      </svg>
      {shown && read !== null && (
        <div
          class="tip readout"
          aria-hidden="true"
          style={
            read < bars.length / 2
              ? { top: `${top}px`, left: `${left + (read + 1) * each + 6}px` }
              : { top: `${top}px`, right: `${width - left - read * each + 6}px` }
          }
        >
          <div class="readoutTitle">{shown.name}</div>
          {shown.text}
        </div>
      )}
    </div>
  )
}
