// The colour scale with its ends, and what a hatched cell means.
import { svg } from './dom.ts'

export interface LegendWords {
  title: string
  low: string
  high: string
  /** Meaning of a hatched cell; null where there are none. */
  notComputed: string | null
}

const barWidth = 120

/** The legend inside an SVG, from its left upper corner; hatching is the pattern `notComputed`. */
export function legendParts({ title, low, high, notComputed }: LegendWords, colour: (share: number) => string) {
  const parts: SVGElement[] = []
  let x = 0
  const text = (words: string, weight = 400) => {
    parts.push(svg('text', { x, y: 10, 'font-weight': weight }, words))
    // Bold is wider.
    x += (weight > 400 ? 7.3 : 6.4) * words.length + 8
  }
  text(title, 600)
  text(low)
  const steps = 48
  for (let i = 0; i < steps; i++) {
    const fill = colour(i / (steps - 1))
    // A little wider than its share, or the seams would shine through.
    parts.push(svg('rect', { x: x + (i * barWidth) / steps, y: 1, width: barWidth / steps + 0.5, height: 10, fill }))
  }
  x += barWidth + 8
  text(high)
  if (notComputed === null) return parts
  x += 8
  parts.push(svg('rect', { x, y: 1, width: 18, height: 10, fill: 'url(#notComputed)', stroke: '#888888' }))
  x += 24
  text(notComputed)
  return parts
}

/** A colour scale whose ends change with what is in sight. */
export interface Scale {
  low: string
  high: string
  /** Colour of a share from 0 (low) to 1 (high). */
  colour: (share: number) => string
  /** Colours outside of the scale. */
  marks: { colour: string; text: string }[]
}

/** A CSS gradient from left to right. */
export function gradient(colour: (share: number) => string): string {
  const stops = Array.from({ length: 9 }, (_, i) => colour(i / 8))
  return `linear-gradient(to right, ${stops.join(', ')})`
}
