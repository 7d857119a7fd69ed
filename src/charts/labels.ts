// Places the names on levels and last points at the first free of a few places, so that two close levels can be read.
import { isShown, type ChartData } from './chartData.ts'
import { textWidth, type ChartLayout } from './layout.ts'

export interface PlacedLabel {
  text: string
  x: number
  y: number
  anchor: 'start' | 'end' | 'middle'
}

interface Box {
  x0: number
  x1: number
  y0: number
  y1: number
}

const textHeight = 12
const [above, below] = [-5, 13]

export function placeLabels(layout: ChartLayout, data: ChartData): PlacedLabel[] {
  const taken: Box[] = []
  const candidates = [...noteCandidates(layout, data), ...levelCandidates(layout, data)]
  return candidates.flatMap((places) => {
    // A name without a free place is left out: the readout has it.
    const place = places.find((one) => fits(boxOf(one), layout) && !taken.some((box) => overlap(box, boxOf(one))))
    if (!place) return []
    taken.push(boxOf(place))
    return [place]
  })
}

/** A level's name stands on its line: left, right or in the middle, above or below. */
function levelCandidates({ left, right, y }: ChartLayout, data: ChartData): PlacedLabel[][] {
  const anchors = [
    { x: left + 6, anchor: 'start' },
    { x: right - 2, anchor: 'end' },
    { x: (left + right) / 2, anchor: 'middle' },
  ] as const
  const named = data.levels.filter(({ value, note }) => note !== '' && isShown(value, data))
  return named.map(({ note: text, value }) =>
    [above, below].flatMap((shift) => anchors.map((anchor) => ({ text, y: y.at(value) + shift, ...anchor }))),
  )
}

/** The name of a last point stands above it, else below. */
function noteCandidates({ x, y, left, right }: ChartLayout, data: ChartData): PlacedLabel[][] {
  return data.series.flatMap(({ note: text, points }) => {
    const last = points.findLast((point) => isShown(point.y, data))
    if (!text || !last || last.y === null) return []
    const [at, height] = [x.at(last.x), y.at(last.y)]
    const half = textWidth(text) / 2
    const anchor = at + half > right ? 'end' : at - half < left ? 'start' : 'middle'
    return [[above - 4, below + 6].map((shift): PlacedLabel => ({ text, x: at, y: height + shift, anchor }))]
  })
}

function boxOf({ text, x, y, anchor }: PlacedLabel): Box {
  const width = textWidth(text)
  const x0 = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  return { x0, x1: x0 + width, y0: y - textHeight + 2, y1: y + 2 }
}

function fits({ y0, y1 }: Box, { top, bottom }: ChartLayout): boolean {
  return y0 >= top - textHeight && y1 <= bottom
}

function overlap(a: Box, b: Box): boolean {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1
}
