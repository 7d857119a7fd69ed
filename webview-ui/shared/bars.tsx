// Bars as a figure, for pointer and keyboard, with a table and file export. A bar can be picked if the page passes `onPick`.
import { useMemo, useState } from 'preact/hooks'
import {
  barAt,
  type BarsData,
  barsFigure,
  barsKey,
  barsTable,
  drawBars,
  layOutBars,
} from '../../src/charts/drawBars.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { announce } from './announce.ts'
import { drawn, Picture, pixelOf, Tip, useRoomFor } from './picture.tsx'
import { Figure } from './figure.tsx'
import { Marks } from './legend.tsx'
import { stepTo } from './roving.ts'
import { theme } from './theme.ts'

/** A bar that the page marks, such as the block that was clicked in another picture. */
interface Picking {
  picked?: number | null
  onPick?: (bar: number) => void
}

export interface BarsProps extends Picking {
  data: BarsData
  caption?: string
  /** Height of the picture, in CSS pixels. */
  height?: number
  /** Name of exported files, without extension; made from the title unless given. */
  name?: string
}

export function Bars({ data, caption = '', height = 170, name, ...picking }: BarsProps) {
  const csv = () =>
    toCsv(
      [data.xLabel, data.yLabel],
      data.bars.map(({ name: bar, value }) => [bar, value ?? 'NaN']),
    )
  return (
    <Figure
      title={data.title}
      name={name}
      figure={() => barsFigure(data, caption)}
      csv={csv}
      table={() => barsTable(data)}
    >
      <BarsPicture data={data} height={height} {...picking} />
      <div class="muted">
        <Marks of={barsKey(data)} />
      </div>
      {caption !== '' && <div class="muted caption">{caption}</div>}
    </Figure>
  )
}

const narrowest = 220

function BarsPicture({ data, height, picked = null, onPick }: Picking & { data: BarsData; height: number }) {
  const { place, width } = useRoomFor(narrowest)
  const layout = useMemo(() => layOutBars(data, width, height), [data, width, height])
  const ink = theme.value
  const picture = useMemo(() => drawn(drawBars(layout, data, ink)), [layout, ink])
  const [read, setRead] = useState<number | null>(null)
  const { bars } = data
  const placeAt = (event: MouseEvent) => barAt(layout, pixelOf(event).x, bars.length)
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
    <Picture
      {...{ place, width, height }}
      class={onPick && 'picks'}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={`${data.title}: the arrow keys read its values`}
      drawing={[picked !== null && <rect class="pickedBar" {...box(picked)} />, picture]}
      onPointerMove={(event) => setRead(placeAt(event))}
      onPointerLeave={() => setRead(null)}
      onBlur={() => setRead(null)}
      onKeyDown={walk}
      onClick={(event) => {
        const at = placeAt(event)
        if (at !== null) onPick?.(at)
      }}
    >
      {shown && read !== null && (
        <Tip x={left + (read + 0.5) * each} top={top} width={width} gap={each / 2 + 6} title={shown.name}>
          {shown.text}
        </Tip>
      )}
    </Picture>
  )
}
