// A small picture as a figure of its own: white ground, title, legend and caption, and no marks of a selection.
import { svg } from './dom.ts'
import { legendParts, type Scale } from './legend.ts'

export interface Figure {
  title: string
  caption: string
  /** Width and height of the content. */
  width: number
  height: number
  content: readonly Element[]
  legend?: readonly Element[]
}

const margin = 12
const head = 30
const line = 20
/** Titles are names of tensors, which are long. */
const narrowest = 420

export function figureSvg({ title, caption, width, height, content, legend = [] }: Figure): string {
  const wide = Math.max(narrowest, width, 8.4 * title.length, 6.6 * caption.length) + 2 * margin
  const foot = head + height + 10
  const tall = foot + (legend.length > 0 ? line : 0) + line + margin
  const place = (y: number, parts: readonly Element[]) => {
    const group = svg('g', { transform: `translate(${margin} ${y})` })
    group.append(...parts)
    return group
  }
  const captionY = foot + (legend.length > 0 ? line : 0) + 12
  const root = svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${wide} ${tall}`,
      width: wide,
      height: tall,
      'font-family': 'sans-serif',
      'font-size': 11,
    },
    svg('title', {}, title),
    svg('rect', { width: wide, height: tall, fill: '#ffffff' }),
    svg('text', { x: margin, y: 19, 'font-size': 13, 'font-weight': 600 }, title),
    place(head, content),
    place(foot, legend),
    svg('text', { x: margin, y: captionY, fill: '#444444' }, caption),
  )
  return new XMLSerializer().serializeToString(root)
}

/** A colour scale with its ends, and what lies outside of it. */
export function scaleParts({ low, high, colour, marks }: Scale): Element[] {
  const parts: Element[] = legendParts({ title: '', low, high, notComputed: null }, colour)
  let x = 6.4 * (low.length + high.length) + 160
  for (const mark of marks) {
    parts.push(svg('rect', { x, y: 1, width: 10, height: 10, fill: mark.colour, stroke: '#888888' }))
    parts.push(svg('text', { x: x + 14, y: 10 }, mark.text))
    x += 6.4 * mark.text.length + 28
  }
  return parts
}
