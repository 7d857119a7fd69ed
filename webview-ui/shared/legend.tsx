// Legends: the colour scale of a picture with its ends, the meaning of hatching, colours outside the scale, and the line style of a
// series.
import type { GridData } from './gridData.ts'
import { shape, type Shape } from '../../src/charts/shape.ts'
import type { SeriesStyle } from '../../src/charts/chartData.ts'
import { keyShapes } from '../../src/charts/figure.ts'
import type { ComponentChildren } from 'preact'
import { drawn } from './picture.tsx'

export interface Legend {
  readonly title?: string
  readonly low: string
  readonly high: string
  /** Colour of a share from 0 (low) to 1 (high). */
  readonly colour: (share: number) => string
  /** Meaning of a hatched cell; absent without hatching. */
  readonly notComputed?: string
  readonly marks?: readonly { readonly colour: string; readonly text: string }[]
}

export type LegendWords = Omit<Legend, 'colour' | 'marks'>

/** The legend of a map; hatching is explained only where the map has hatched cells. */
export function legendOf({ notComputed, ...words }: LegendWords, { cells, colour }: GridData): Legend {
  const isHatched = cells.some((cell) => cell?.value === null)
  return { ...words, colour, notComputed: isHatched ? notComputed : undefined }
}

export function LegendLine({ legend: { title, low, high, colour, notComputed, marks = [] } }: { legend: Legend }) {
  const stops = Array.from({ length: 9 }, (_, i) => colour(i / 8))
  return (
    <div class="row legend">
      {title !== undefined && <span class="legendTitle">{title}</span>}
      <span>{low}</span>
      <span
        class="legendBar"
        aria-hidden="true"
        style={{ backgroundImage: `linear-gradient(to right, ${stops.join(', ')})` }}
      />
      <span>{high}</span>
      {notComputed !== undefined && <span class="legendHatch" aria-hidden="true" />}
      {notComputed}
      <Marks of={marks} />
    </div>
  )
}

const [barWidth, steps] = [120, 48]

/** The legend as SVG shapes, with its top left corner at the origin. Hatching uses the SVG's pattern `notComputed`. */
export function legendShapes({ title, low, high, colour, notComputed, marks = [] }: Legend): Shape[] {
  const parts: Shape[] = []
  let x = 0
  const text = (words: string, weight = 400) => {
    parts.push(shape('text', { x, y: 10, 'font-weight': weight }, words))
    // Bold is wider.
    x += (weight > 400 ? 7.3 : 6.4) * words.length + 8
  }
  const swatch = (fill: string, meaning: string) => {
    parts.push(shape('rect', { x: x + 8, y: 1, width: 18, height: 10, fill, stroke: '#888888' }))
    x += 32
    text(meaning)
  }
  if (title !== undefined) text(title, 600)
  text(low)
  for (let i = 0; i < steps; i++) {
    const fill = colour(i / (steps - 1))
    // Each step is slightly wider than its share, so that the background does not show between steps.
    parts.push(shape('rect', { x: x + (i * barWidth) / steps, y: 1, width: barWidth / steps + 0.5, height: 10, fill }))
  }
  x += barWidth + 8
  text(high)
  if (notComputed !== undefined) swatch('url(#notComputed)', notComputed)
  for (const mark of marks) swatch(mark.colour, mark.text)
  return parts
}

interface KeyProps {
  readonly style: SeriesStyle
  /** The dash of the style unless given. */
  readonly dash?: string
  readonly mark?: boolean
  readonly children: ComponentChildren
}

/** The line of a series and its name: dash and marker distinguish it without colour. */
export function Key({ style, dash = style.dash, mark = true, children }: KeyProps) {
  return (
    <span class="key">
      <svg width={26} height={12} aria-hidden="true">
        {keyShapes(style, dash, mark).map(drawn)}
      </svg>
      {children}
    </span>
  )
}

/** Colours with their meanings. */
export function Marks({ of }: { of: readonly { readonly colour: string; readonly text: string }[] }) {
  return of.map(({ colour, text }) => (
    <span class="key" key={text}>
      <i class="legendMark" aria-hidden="true" style={{ background: colour }} />
      {text}
    </span>
  ))
}
