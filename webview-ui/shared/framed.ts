// A small picture as a figure of its own: white ground, title, legend and caption, and no marks of a selection.
import { shape, type Shape } from '../../src/charts/shape.ts'
import { legendShapes, type Legend } from './legend.tsx'

export interface Framed {
  readonly title: string
  readonly caption?: string
  readonly legend: Legend
  /** Size of the content. */
  readonly width: number
  readonly height: number
}

const margin = 12
const head = 30
const line = 20
/** Titles are names of tensors, which are long. */
const narrowest = 420

export function framed({ title, caption = '', legend, width, height }: Framed, content: readonly Shape[]): Shape {
  const wide = Math.max(narrowest, width, 8.4 * title.length, 6.6 * caption.length) + 2 * margin
  const foot = head + height + 12
  const tall = foot + line + (caption === '' ? 0 : line) + margin
  const place = (y: number, parts: readonly Shape[]) => shape('g', { transform: `translate(${margin} ${y})` }, ...parts)
  return shape(
    'svg',
    { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, 'font-family': 'sans-serif', 'font-size': 11 },
    shape('title', {}, title),
    shape('rect', { width: wide, height: tall, fill: '#ffffff' }),
    shape('text', { x: margin, y: 19, 'font-size': 13, 'font-weight': 600 }, title),
    place(head, content),
    place(foot, legendShapes(legend)),
    shape('text', { x: margin, y: foot + line + 12, fill: '#444444' }, caption),
  )
}
