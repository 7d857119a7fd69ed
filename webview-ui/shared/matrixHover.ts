// The weight under the pointer, at every zoom: from the picture where a pixel is one weight, else from the backend.
import type { Tile } from '../../src/protocol/inspect.ts'
import type { ModelKey } from '../../src/protocol/view.ts'
import { formatShare, formatValue } from '../../src/formatting/numbers.ts'
import { ask as askHost, bytesOf, floatsOf } from './host.ts'
import { placeTip } from './canvas.ts'
import type { FromAfar } from './matrixPaint.ts'
import type { Region } from './matrixInput.ts'

export interface Hovered {
  readonly name: string
  readonly slice: readonly number[]
  readonly region: Region
  readonly tile: Tile | null
  readonly afar: FromAfar
}

/** The pointer rests this long before the backend is asked. */
const restMs = 60

/** Follows the pointer over a picture; the tip is beside the canvas in a positioned element. */
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
