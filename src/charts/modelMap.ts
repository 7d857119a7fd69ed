// The map as shapes: in the theme's colours on a page, on white in a file.
import { shape, type Shape } from './shape.ts'
import { largest } from '../formatting/lists.ts'
import type { Kind } from '../plan/stageView.ts'
import type { Cell, CellMap } from './modelCells.ts'

/** Colours as values of SVG attributes. */
export interface Look extends Readonly<Record<Kind, string>> {
  readonly hatch: string
  readonly text: string
  readonly muted: string
  readonly mark: string
  readonly paper: string
}

export const onPage: Look = {
  frozen: 'var(--kind-frozen)',
  vector: 'var(--kind-vector)',
  adapter: 'var(--kind-adapter)',
  kept: 'var(--kind-kept)',
  hatch: 'var(--vscode-sparsescope-notComputed, #888888)',
  text: 'var(--vscode-foreground)',
  muted: 'var(--vscode-descriptionForeground)',
  mark: 'var(--vscode-foreground)',
  paper: 'var(--vscode-editor-background)',
}

export const onWhite: Look = {
  ...{ frozen: '#e6e6e8', vector: '#b7791f', adapter: '#0b6bb8', kept: '#8250df', hatch: '#9a9a9e' },
  ...{ text: '#222222', muted: '#666666', mark: '#222222', paper: '#ffffff' },
}

export interface PlacedCell {
  readonly cell: Cell
  readonly line: number
  readonly column: number
  readonly x: number
  readonly y: number
  readonly width: number
}

export interface MapLayout {
  readonly width: number
  readonly height: number
  /** Height of a cell. */
  readonly tall: number
  readonly left: number
  readonly cells: readonly PlacedCell[]
  readonly lines: readonly { readonly name: string; readonly y: number }[]
  readonly columns: readonly { readonly x: number; readonly width: number }[]
}

const [gap, vectorWidth, head] = [3, 18, 42]

/** `room`: available width in CSS pixels. */
export function layOutMap({ lines, columns }: CellMap, room: number): MapLayout {
  const left = 8 + Math.ceil(6.3 * largest(lines, 2, ({ name }) => name.length))
  const wide = columns.filter(({ isVector }) => !isVector).length
  const inner = Math.max(160, room - left)
  const each = Math.min(74, (inner - (columns.length - wide) * vectorWidth) / Math.max(1, wide))
  let x = left
  const places = columns.map(({ isVector }) => {
    const place = { x, width: (isVector ? vectorWidth : each) - gap }
    x += place.width + gap
    return place
  })
  const end = columns.length > 0 ? x : left + inner
  const tall = lines.length > 90 ? 6 : lines.length > 44 ? 11 : 15
  const isBlock = (line: number) => /^\d+$/.test(lines[line]?.name ?? '')
  let y = head
  const placed = lines.map((line, row) => {
    // A gap separates the tensors outside the blocks.
    if (row > 0 && isBlock(row) !== isBlock(row - 1)) y += 6
    const own = { ...line, y, isBlock: isBlock(row) }
    y += tall + gap
    return own
  })
  const cells = placed.flatMap(({ cells: own, y: top, isBlock: isIn }, line) =>
    own.flatMap((cell, column) => {
      if (!cell) return []
      const outside = { x: left, width: cell.isVector ? vectorWidth - gap : end - left - gap }
      return [{ cell, line, column, y: top, ...(isIn ? places[column] : outside) }]
    }),
  )
  return { width: end, height: y + 2, tall, left, cells, lines: placed, columns: places }
}

interface Drawing {
  readonly map: CellMap
  readonly layout: MapLayout
  readonly look: Look
  /** Colour for the distance that a cell moved, in place of the colour of its kind; null: it did not move. */
  readonly movedColour?: (cell: Cell) => string | null
}

export function mapShapes({ map, layout, look, movedColour }: Drawing): Shape[] {
  const { tall, left, lines } = layout
  const every = Math.ceil(11 / (tall + gap))
  const names = lines
    .filter(({ name }, i) => !/^\d+$/.test(name) || i % every === 0)
    .map(({ name, y }) => text(left - 8, y + tall - 3, name, { 'text-anchor': 'end', fill: look.muted }))
  const cells = layout.cells.flatMap(({ cell, x, y, width }) => {
    const box = (own: Shape['attributes']) => shape('rect', { x, y, width, height: tall, rx: 2, ...own })
    const ground = box({ fill: look.frozen })
    if (movedColour) {
      const fill = movedColour(cell)
      return fill === null ? [ground] : [box({ fill })]
    }
    if (cell.kind === 'frozen') return cell.isPruned ? [ground, box({ fill: 'url(#frozenAndPruned)' })] : [ground]
    const share = cell.isVector ? cell.share : Math.min(1, cell.share / (map.most || 1))
    return [ground, box({ width: Math.max(3, width * share), fill: look[cell.kind] })]
  })
  return [hatching(look), ...heads(map, layout, look), ...names, ...cells]
}

function heads({ columns }: CellMap, { columns: places }: MapLayout, look: Look): Shape[] {
  const names = columns.map(({ name, isVector }, i) => {
    const { x, width } = places[i]
    return text(x + width / 2, head - 8, isVector ? 'n' : fitting(name, width), {
      'text-anchor': 'middle',
      fill: look.text,
    })
  })
  const groups: Shape[] = []
  for (let from = 0; from < columns.length;) {
    let to = from
    while (columns[to + 1]?.group === columns[from].group) to++
    const { group } = columns[from]
    const [x, end] = [places[from].x, places[to].x + places[to].width]
    if (group !== '' && to > from)
      groups.push(
        text((x + end) / 2, 10, fitting(group, end - x), { 'text-anchor': 'middle', fill: look.muted }),
        shape('line', { x1: x, x2: end, y1: 17.5, y2: 17.5, stroke: look.muted, 'stroke-opacity': 0.5 }),
      )
    from = to + 1
  }
  return [...names, ...groups]
}

const fitting = (name: string, width: number) => {
  const most = Math.max(1, Math.floor(width / 6))
  return name.length <= most ? name : most < 3 ? name.slice(0, most) : `${name.slice(0, most - 1)}…`
}

const text = (x: number, y: number, words: string, more: Shape['attributes']) =>
  shape('text', { x, y, 'font-size': 11, ...more }, words)

const hatching = ({ hatch }: Look) =>
  shape(
    'defs',
    {},
    shape(
      'pattern',
      { id: 'frozenAndPruned', width: 5, height: 5, patternUnits: 'userSpaceOnUse' },
      shape('path', { d: 'M-1 6L6 -1M-1 1L1 -1M4 6L6 4', stroke: hatch, 'stroke-width': 1 }),
    ),
  )

/** The map as a self-contained figure, with its legend as a caption. */
export function mapFigure(drawing: Omit<Drawing, 'look'>, title: string, caption: string): Shape {
  const { width, height } = drawing.layout
  const wide = Math.max(width, 6.6 * caption.length, 8.4 * title.length) + 24
  const size = { width: wide, height: height + 70 }
  return shape(
    'svg',
    { viewBox: `0 0 ${wide} ${size.height}`, ...size, 'font-family': 'sans-serif' },
    shape('title', {}, title),
    shape('rect', { ...size, fill: '#ffffff' }),
    shape('text', { x: 12, y: 19, 'font-size': 13, 'font-weight': 600 }, title),
    shape('g', { transform: 'translate(12 32)' }, ...mapShapes({ ...drawing, look: onWhite })),
    text(12, height + 56, caption, { fill: onWhite.muted }),
  )
}
