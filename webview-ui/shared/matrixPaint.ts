// Pixels of a matrix tile.
import type { Tile } from '../../src/shared/protocol/inspect.ts'
import { formatValue } from '../../src/shared/format/numbers.ts'
import { bytesOf, floatsOf } from './base64.ts'
import { inkOn, rgbOf } from './contrast.ts'
import { divergingColour, sequentialColour, zeroColour, type PaletteName } from './palette.ts'
import type { Scale } from './legend.ts'
import { readTheme } from './theme.ts'

export function paintTile(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  tile: Tile | null,
  palette: PaletteName,
): void {
  context.clearRect(0, 0, width, height)
  if (!tile) return
  const values = tile.values === null ? null : floatsOf(tile.values)
  const image = new ImageData(tile.width, tile.height)
  if (values) fillValues(image, values)
  else fillDensity(image, bytesOf(tile.density), palette)
  const small = new OffscreenCanvas(tile.width, tile.height)
  small.getContext('2d')?.putImageData(image, 0, 0)
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, width, height)
  if (values && width / tile.width >= 34) writeValues(context, width, height, tile, values)
}

/** Meaning of the picture's colours. */
export function scaleOf(tile: Tile, palette: PaletteName): Scale {
  if (tile.values === null) {
    return { low: 'all zeros', high: 'no zeros', colour: (share) => sequentialColour(palette, share), marks: [] }
  }
  const values = floatsOf(tile.values)
  const largest = largestOf(values)
  const marks: Scale['marks'] = [{ colour: zeroColour, text: 'exactly 0' }]
  if (values.some((value) => !Number.isFinite(value))) marks.push({ colour: notFiniteColour, text: 'NaN or infinite' })
  const colour = (share: number) => divergingColour(2 * share - 1)
  return { low: formatValue(-largest), high: formatValue(largest), colour, marks }
}

function fillDensity(image: ImageData, density: Uint8Array, palette: PaletteName): void {
  const table = Array.from({ length: 256 }, (_, i) => rgbOf(sequentialColour(palette, i / 255)))
  for (let i = 0; i < density.length; i++) setPixel(image, i, table[density[i]])
}

/** Diverging around 0; exact zeros have a colour of their own. */
function fillValues(image: ImageData, values: Float32Array): void {
  const size = largestOf(values)
  for (let i = 0; i < values.length; i++) setPixel(image, i, rgbOf(valueColour(values[i], size)))
}

const notFiniteColour = '#ff00ff'

function valueColour(value: number, size: number): string {
  if (value === 0) return zeroColour
  if (!Number.isFinite(value)) return notFiniteColour
  return divergingColour(value / size)
}

function largestOf(values: Float32Array): number {
  let size = 0
  for (const value of values) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value))
  return size || 1
}

function setPixel(image: ImageData, index: number, [r, g, b]: [number, number, number]): void {
  image.data.set([r, g, b, 255], 4 * index)
}

function writeValues(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  tile: Tile,
  values: Float32Array,
): void {
  const size = largestOf(values)
  context.font = `9px ${readTheme().font}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (let row = 0; row < tile.height; row++) {
    for (let column = 0; column < tile.width; column++) {
      const value = values[row * tile.width + column]
      context.fillStyle = inkOn(valueColour(value, size))
      const x = ((column + 0.5) * width) / tile.width
      const y = ((row + 0.5) * height) / tile.height
      context.fillText(formatValue(value), x, y)
    }
  }
}
