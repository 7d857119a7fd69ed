// The picture of one matrix: share of non-zeros per pixel from afar, the weights themselves from close.
import type { Tile } from '../../src/shared/protocol/inspect.ts'
import { announce } from './announce.ts'
import { context2d, h, onceAFrame } from './dom.ts'
import { listenForMoves, showWhole, zoomIn, zoomOut, type MatrixSize } from './matrixInput.ts'
import { paintTile } from './matrixPaint.ts'
import type { PaletteName } from './palette.ts'
import { around, wholeMatrix, type Region } from './region.ts'

export interface MatrixView {
  element: HTMLElement
  show(name: string, rows: number, columns: number): void
  showWeight(row: number, column: number): void
  /** Goes where another view went, without telling. */
  follow(region: Region): void
  setPalette(palette: PaletteName): void
  redraw(): void
}

export interface MatrixOptions {
  label: string
  /** Longest side in CSS pixels. */
  side: number
  load: (name: string, region: Region, width: number, height: number) => Promise<Tile>
  onRegion?: (region: Region) => void
}

export function createMatrixView(options: MatrixOptions): MatrixView {
  const canvas = h('canvas', { tabindex: 0, role: 'img', 'aria-label': options.label })
  const caption = h('div', { class: 'muted caption' })
  let name = ''
  let size: MatrixSize = { rows: 0, columns: 0 }
  let region: Region = wholeMatrix(0, 0)
  let tile: Tile | null = null
  let palette: PaletteName = 'viridis'
  let lastAsked = 0

  const draw = onceAFrame(() => {
    const { width, height } = pictureBox(region, options.side)
    paintTile(context2d(canvas, width, height), width, height, tile, palette)
  })
  async function fetchTile(): Promise<void> {
    const ticket = ++lastAsked
    const { width, height } = pictureBox(region, options.side)
    const loaded = await options.load(name, region, width, height).catch((error: Error) => error)
    if (ticket !== lastAsked) return
    tile = loaded instanceof Error ? null : loaded
    caption.textContent = loaded instanceof Error ? loaded.message : captionOf(region, loaded)
    draw()
  }
  const go = (next: Region, tell: boolean) => {
    if (sameRegion(next, region)) return
    region = next
    void fetchTile()
    if (tell) options.onRegion?.(region)
  }
  const act = (move: (region: Region, size: MatrixSize) => Region) => go(move(region, size), true)
  listenForMoves(
    canvas,
    () => region,
    (move, byKey) => {
      act(move)
      if (byKey) announce(describe(region))
    },
  )
  const button = (text: string, title: string, press: () => void) =>
    h('button', { type: 'button', class: 'secondary', title, 'aria-label': title, onclick: press }, text)
  const tools = [
    button('+', 'Zoom in', () => act(zoomIn)),
    button('−', 'Zoom out', () => act(zoomOut)),
    button('□', 'Whole matrix', () => act(showWhole)),
  ]
  return {
    element: h('div', { class: 'matrix' }, canvas, h('div', { class: 'tools' }, ...tools, caption)),
    show(nextName, rows, columns) {
      name = nextName
      size = { rows, columns }
      region = wholeMatrix(rows, columns)
      tile = null
      caption.textContent = 'reading…'
      void fetchTile()
    },
    showWeight(row, column) {
      go(around(row, column, size.rows, size.columns), true)
      canvas.focus()
    },
    follow: (next) => go(next, false),
    setPalette(next) {
      palette = next
      draw()
    },
    redraw: draw,
  }
}

/** The matrix's own proportions, within a square, and never thinner than an eighth of it. */
function pictureBox(region: Region, side: number): { width: number; height: number } {
  const rows = Math.max(1, region.rowEnd - region.rowStart)
  const columns = Math.max(1, region.columnEnd - region.columnStart)
  const scale = side / Math.max(rows, columns)
  const atLeast = side / 8
  return { width: Math.round(Math.max(atLeast, columns * scale)), height: Math.round(Math.max(atLeast, rows * scale)) }
}

function sameRegion(a: Region, b: Region): boolean {
  const rows = a.rowStart === b.rowStart && a.rowEnd === b.rowEnd
  return rows && a.columnStart === b.columnStart && a.columnEnd === b.columnEnd
}

function describe(r: Region): string {
  return `rows ${r.rowStart} to ${r.rowEnd - 1}, columns ${r.columnStart} to ${r.columnEnd - 1}`
}

function captionOf(region: Region, tile: Tile): string {
  return `${describe(region)} · ${tile.values === null ? 'brightness: share of non-zeros' : 'single weights, dark: zero'}`
}
