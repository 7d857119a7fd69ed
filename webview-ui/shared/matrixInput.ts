// The visible part of a matrix, how wheel, drag and keys change it, and the weight under the pointer.
import type { Tile } from '../../src/protocol/inspect.ts'
import type { ModelKey } from '../../src/protocol/view.ts'
import { formatShare, formatValue } from '../../src/formatting/numbers.ts'
import { ask as askHost, bytesOf, floatsOf } from './host.ts'
import { placeTip } from './canvas.ts'
import type { FromAfar } from './matrixPaint.ts'

export interface Region {
  rowStart: number
  rowEnd: number
  columnStart: number
  columnEnd: number
}

/** Fewest weights along a side, the closest zoom. */
const closest = 8

export function wholeMatrix(rows: number, columns: number): Region {
  return { rowStart: 0, rowEnd: rows, columnStart: 0, columnEnd: columns }
}

/** `factor` below 1 zooms in; the point at shares (x, y) of the picture stays in place. */
export function zoom(region: Region, factor: number, x: number, y: number, rows: number, columns: number): Region {
  const [rowStart, rowEnd] = zoomAxis(region.rowStart, region.rowEnd, factor, y, rows)
  const [columnStart, columnEnd] = zoomAxis(region.columnStart, region.columnEnd, factor, x, columns)
  return { rowStart, rowEnd, columnStart, columnEnd }
}

/** Moves by shares of the visible part. */
export function pan(region: Region, x: number, y: number, rows: number, columns: number): Region {
  const [rowStart, rowEnd] = panAxis(region.rowStart, region.rowEnd, y, rows)
  const [columnStart, columnEnd] = panAxis(region.columnStart, region.columnEnd, x, columns)
  return { rowStart, rowEnd, columnStart, columnEnd }
}

/** The closest region around one weight. */
export function around(row: number, column: number, rows: number, columns: number): Region {
  const height = Math.min(rows, closest)
  const width = Math.min(columns, closest)
  const rowStart = Math.max(0, Math.min(rows - height, row - closest / 2))
  const columnStart = Math.max(0, Math.min(columns - width, column - closest / 2))
  return { rowStart, rowEnd: rowStart + height, columnStart, columnEnd: columnStart + width }
}

function zoomAxis(start: number, end: number, factor: number, at: number, limit: number): [number, number] {
  const size = end - start
  const next = Math.max(Math.min(closest, limit), Math.min(limit, Math.round(size * factor)))
  const first = Math.round(start + at * (size - next))
  return fit(first, next, limit)
}

function panAxis(start: number, end: number, share: number, limit: number): [number, number] {
  const size = end - start
  const by = share === 0 ? 0 : Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * size))
  return fit(start + by, size, limit)
}

function fit(first: number, size: number, limit: number): [number, number] {
  const start = Math.max(0, Math.min(limit - size, first))
  return [start, start + size]
}

export function regionText(r: Region): string {
  return `rows ${r.rowStart} to ${r.rowEnd - 1}, columns ${r.columnStart} to ${r.columnEnd - 1}`
}

export interface MatrixSize {
  rows: number
  columns: number
}

export type Act = (region: Region, size: MatrixSize) => Region

export const zoomIn: Act = (r, s) => zoom(r, 0.5, 0.5, 0.5, s.rows, s.columns)
export const zoomOut: Act = (r, s) => zoom(r, 2, 0.5, 0.5, s.rows, s.columns)
export const showWhole: Act = (_, s) => wholeMatrix(s.rows, s.columns)

const keys: Record<string, Act> = {
  '+': zoomIn,
  '=': zoomIn,
  '-': zoomOut,
  '0': showWhole,
  ArrowLeft: (r, s) => pan(r, -0.25, 0, s.rows, s.columns),
  ArrowRight: (r, s) => pan(r, 0.25, 0, s.rows, s.columns),
  ArrowUp: (r, s) => pan(r, 0, -0.25, s.rows, s.columns),
  ArrowDown: (r, s) => pan(r, 0, 0.25, s.rows, s.columns),
}

/** On wheel, drag and keys, calls `change` with a function that maps the visible region to the next one. */
export function listenForMoves(
  canvas: HTMLCanvasElement,
  region: () => Region,
  change: (act: Act, byKey: boolean) => void,
): void {
  const share = (event: MouseEvent) => {
    const area = canvas.getBoundingClientRect()
    return { x: (event.clientX - area.left) / area.width, y: (event.clientY - area.top) / area.height }
  }
  const onWheel = (event: WheelEvent) => {
    event.preventDefault()
    const { x, y } = share(event)
    const factor = event.deltaY < 0 ? 0.7 : 1 / 0.7
    change((r, s) => zoom(r, factor, x, y, s.rows, s.columns), false)
  }
  canvas.addEventListener('wheel', onWheel, { passive: false })
  let grabbed: { x: number; y: number; region: Region } | null = null
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    grabbed = { ...share(event), region: region() }
  })
  canvas.addEventListener('pointermove', (event) => {
    if (!grabbed) return
    const from = grabbed
    const { x, y } = share(event)
    change((_, s) => pan(from.region, from.x - x, from.y - y, s.rows, s.columns), false)
  })
  const letGo = () => (grabbed = null)
  canvas.addEventListener('pointerup', letGo)
  canvas.addEventListener('pointercancel', letGo)
  canvas.addEventListener('keydown', (event) => {
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    change(act, true)
  })
}

// The weight under the pointer, at every zoom: from the picture where a pixel is one weight, else from the backend.
export interface Hovered {
  readonly name: string
  readonly slice: readonly number[]
  readonly region: Region
  readonly tile: Tile | null
  readonly afar: FromAfar
}

/** The pointer rests this long before the backend is asked. */
const restMs = 60

/** Shows the weight under the pointer in `tip`, which must have the same positioned parent as the canvas. */
export function followWeight(canvas: HTMLCanvasElement, tip: HTMLElement, shown: () => Hovered, model: ModelKey): void {
  let asked = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const leave = () => {
    clearTimeout(timer)
    asked.abort()
    tip.hidden = true
  }
  const ask = async (place: Place, around: string) => {
    asked = new AbortController()
    const { signal } = asked
    const { name, slice } = shown()
    const params = { name, slice: [...slice], row: place.row, column: place.column }
    const answer = await askHost('weight', model, params, signal).catch(() => null)
    if (answer && !signal.aborted) tip.textContent = describe(place, Number(answer.value)) + around
  }
  canvas.addEventListener('pointermove', (event) => {
    const { region, tile, afar } = shown()
    const box = canvas.getBoundingClientRect()
    const x = event.clientX - box.left - canvas.clientLeft
    const y = event.clientY - box.top - canvas.clientTop
    const [across, down] = [x / canvas.clientWidth, y / canvas.clientHeight]
    const place = weightAt(region, across, down)
    if (!tile || !place) return leave()
    clearTimeout(timer)
    asked.abort()
    const pixel = pixelAt(tile, across, down)
    const values = tile.values === null ? null : floatsOf(tile.values)
    const around = values ? '' : `, ${aroundText(tile, pixel, afar)} around it`
    tip.textContent = describe(place, values ? values[pixel] : null) + around
    if (!values) timer = setTimeout(() => void ask(place, around), restMs)
    tip.hidden = false
    placeTip(tip, canvas, x, y)
  })
  canvas.addEventListener('pointerleave', leave)
  canvas.addEventListener('wheel', leave, { passive: true })
}

function aroundText({ density, size }: Tile, pixel: number, afar: FromAfar): string {
  if (afar === 'size') return `mean |w| ${formatValue((bytesOf(size.shares)[pixel] / 255) * size.most)}`
  return `${formatShare(1 - bytesOf(density)[pixel] / 255, 0)} exact zeros`
}

interface Place {
  row: number
  column: number
}

/** `x` and `y`: shares of the picture. */
export function weightAt(region: Region, x: number, y: number): Place | null {
  if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) return null
  return {
    row: region.rowStart + Math.floor(y * (region.rowEnd - region.rowStart)),
    column: region.columnStart + Math.floor(x * (region.columnEnd - region.columnStart)),
  }
}

function pixelAt({ width, height }: Tile, x: number, y: number): number {
  return Math.floor(y * height) * width + Math.floor(x * width)
}

function describe({ row, column }: Place, value: number | null): string {
  return `row ${row}, column ${column}: ${value === null ? '…' : formatValue(value)}`
}
