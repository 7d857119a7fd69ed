// The picture of one matrix: share of non-zeros per pixel from afar, the weights themselves from close.
import type { Tile, Weight } from '../../src/shared/protocol/inspect.ts'
import type { AskParams, ExportFile } from '../../src/shared/protocol/view.ts'
import { announce } from './announce.ts'
import { context2d, h, onceAFrame, svg } from './dom.ts'
import { figureSvg, scaleParts } from './figure.ts'
import { createScale, type Scale } from './legend.ts'
import { listenForMoves, showWhole, zoomIn, zoomOut, type MatrixSize } from './matrixInput.ts'
import { createMatrixHover } from './matrixHover.ts'
import { paintTile, scaleOf } from './matrixPaint.ts'
import type { PaletteName } from './palette.ts'
import { around, wholeMatrix, type Region } from './region.ts'
import { saveButtons } from './saveButtons.ts'

export interface MatrixView {
  element: HTMLElement
  show(matrix: ShownMatrix): void
  showWeight(row: number, column: number): void
  /** Goes where another view went, without telling. */
  follow(region: Region): void
  setPalette(palette: PaletteName): void
  redraw(): void
}

export interface ShownMatrix extends MatrixSize {
  name: string
  /** Index along each leading dimension. */
  slice: number[]
}

/** Source of pictures and of single weights. */
export interface MatrixSource {
  tile: (params: AskParams<'tile'>, signal: AbortSignal) => Promise<Tile>
  weight: (params: AskParams<'weight'>, signal: AbortSignal) => Promise<Weight>
}

export interface MatrixOptions {
  label: string
  /** Longest side in CSS pixels, when it is drawn. */
  side: () => number
  source: MatrixSource
  onRegion?: (region: Region) => void
  save: (file: ExportFile) => void
}

export function createMatrixView(options: MatrixOptions): MatrixView {
  const canvas = h('canvas', { tabindex: 0, role: 'img', 'aria-label': options.label })
  const scale = createScale()
  const caption = h('div', { class: 'muted caption' })
  let shown: ShownMatrix = { name: '', slice: [], rows: 0, columns: 0 }
  let region: Region = wholeMatrix(0, 0)
  let tile: Tile | null = null
  let palette: PaletteName = 'viridis'
  let asked = new AbortController()

  const draw = onceAFrame(() => {
    const { width, height } = pictureBox(region, options.side())
    paintTile(context2d(canvas, width, height), width, height, tile, palette)
    if (tile) scale.update(scaleOf(tile, palette))
  })
  const figure = () => (tile ? matrixFigure(canvas, shown, region, scaleOf(tile, palette)) : null)
  async function fetchTile(): Promise<void> {
    asked.abort()
    asked = new AbortController()
    const { signal } = asked
    const { name, slice } = shown
    const box = pictureBox(region, options.side())
    const request = options.source.tile({ name, slice, ...region, ...box }, signal)
    const loaded = await request.catch((error: Error) => error)
    if (signal.aborted) return
    tile = loaded instanceof Error ? null : loaded
    caption.textContent = loaded instanceof Error ? loaded.message : describe(region)
    scale.element.hidden = !tile
    draw()
  }
  const go = (next: Region, tell: boolean) => {
    if (sameRegion(next, region)) return
    region = next
    void fetchTile()
    if (tell) options.onRegion?.(region)
  }
  const act = (move: (region: Region, size: MatrixSize) => Region) => go(move(region, shown), true)
  listenForMoves(
    canvas,
    () => region,
    (move, byKey) => {
      act(move)
      if (byKey) announce(describe(region))
    },
  )
  const hover = createMatrixHover(canvas, {
    shown: () => ({ ...shown, region, tile }),
    weight: options.source.weight,
  })
  return {
    element: h(
      'div',
      { class: 'matrix' },
      canvas,
      hover,
      scale.element,
      h('div', { class: 'tools' }, ...zoomButtons(act), ...saveButtons('matrix', figure, options.save), caption),
    ),
    show(next) {
      shown = next
      region = wholeMatrix(next.rows, next.columns)
      tile = null
      scale.element.hidden = true
      caption.textContent = 'reading…'
      void fetchTile()
    },
    showWeight(row, column) {
      go(around(row, column, shown.rows, shown.columns), true)
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

/** The picture as it is drawn, pixel by pixel. */
function matrixFigure(canvas: HTMLCanvasElement, { name, slice }: ShownMatrix, region: Region, scale: Scale): string {
  const { clientWidth: width, clientHeight: height } = canvas
  const href = canvas.toDataURL('image/png')
  const image = svg('image', { href, width, height, style: 'image-rendering: pixelated' })
  const where = slice.length > 0 ? `[${slice.join(', ')}], ${describe(region)}` : describe(region)
  return figureSvg({ title: name, caption: where, width, height, content: [image], legend: scaleParts(scale) })
}

function zoomButtons(act: (move: (region: Region, size: MatrixSize) => Region) => void): HTMLElement[] {
  const button = (text: string, title: string, press: () => void) =>
    h('button', { type: 'button', class: 'secondary', title, 'aria-label': title, onclick: press }, text)
  return [
    button('+', 'Zoom in', () => act(zoomIn)),
    button('−', 'Zoom out', () => act(zoomOut)),
    button('□', 'Whole matrix', () => act(showWhole)),
  ]
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
