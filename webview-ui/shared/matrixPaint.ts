// Pixels of a matrix tile.
import type { Tile } from '../../src/protocol/inspect.ts'
import { largest } from '../../src/formatting/lists.ts'
import { formatValue } from '../../src/formatting/numbers.ts'
import { bytesOf, floatsOf } from './host.ts'
import { divergingColour, inkOn, type PaletteName, rgbOf, sequentialColour, zeroColour } from './palette.ts'
import { textSize } from './gridLayout.ts'
import type { Legend } from './legend.tsx'
import { theme } from './theme.ts'

/** What a pixel that covers many weights shows: the share of zeros, or the mean |w|, which is the default for dense matrices. */
export type FromAfar = 'zeros' | 'size'

export function paintTile(
  context: CanvasRenderingContext2D,
  { width, height }: { width: number; height: number },
  tile: Tile,
  afar: FromAfar,
  palette: PaletteName,
  most = mostOf(tile, afar),
): void {
  context.clearRect(0, 0, width, height)
  const values = tile.values === null ? null : floatsOf(tile.values)
  const image = new ImageData(tile.width, tile.height)
  if (values) values.forEach((value, i) => setPixel(image, i, rgbOf(valueColour(value, most))))
  else if (afar === 'size') fillShares(image, bytesOf(tile.size.shares), palette, tile.size.most / (most || 1))
  else fillShares(image, zeroShares(tile), palette, 1)
  const small = new OffscreenCanvas(tile.width, tile.height)
  small.getContext('2d')?.putImageData(image, 0, 0)
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, width, height)
  if (values) writeValues(context, { width: width / tile.width, height: height / tile.height }, tile, values, most)
}

/** The share of zeros of each pixel, times 255. */
const zeroShares = ({ density }: Tile) => bytesOf(density).map((share) => 255 - share)

/** Whether at most 1 % of the picture's weights are 0. */
export function isDense(tile: Tile): boolean {
  const shares = zeroShares(tile)
  return shares.reduce((sum, share) => sum + share, 0) <= 0.01 * 255 * shares.length
}

/** Value at the end of the colour scale: the largest |w|, the largest mean |w| of a pixel, or 1 for shares of zeros. */
export function mostOf({ values, size }: Tile, afar: FromAfar): number {
  if (values !== null) return largestOf(floatsOf(values))
  return afar === 'size' ? size.most : 1
}

/** Legend of the picture. `most`: the largest value of all pictures that share the scale. */
export function scaleOf(tile: Tile, afar: FromAfar, palette: PaletteName, most = mostOf(tile, afar)): Legend {
  if (tile.values === null) {
    const [low, high] =
      afar === 'size' ? ['mean |w|: 0', `${formatValue(most)} and more`] : ['exact zeros: 0 %', '100 %']
    return { low, high, colour: (share) => sequentialColour(palette, share) }
  }
  const values = floatsOf(tile.values)
  const marks = [{ colour: zeroColour, text: 'exactly 0' }]
  if (values.some((value) => !Number.isFinite(value))) marks.push({ colour: notFiniteColour, text: 'NaN or infinite' })
  const colour = (share: number) => divergingColour(2 * share - 1)
  return { low: formatValue(-most), high: formatValue(most), colour, marks }
}

/** `scale`: position of byte 255 on the colour scale, from 0 to 1. */
function fillShares(image: ImageData, shares: Uint8Array, palette: PaletteName, scale: number): void {
  const table = Array.from({ length: 256 }, (_, i) => rgbOf(sequentialColour(palette, (scale * i) / 255)))
  for (let i = 0; i < shares.length; i++) setPixel(image, i, table[shares[i]])
}

const notFiniteColour = '#ff00ff'

/** Diverging around 0; exact zeros have a colour of their own. */
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
  { width: cellWidth, height: cellHeight }: { width: number; height: number },
  tile: Tile,
  values: Float32Array,
  most: number,
): void {
  // With more values than this, a cell is smaller than any readable text.
  if (values.length > 4096) return
  const { font } = theme.value
  context.font = `10px ${font}`
  const sizeOf = (texts: readonly string[]) =>
    textSize(
      largest(texts, 0, (text) => context.measureText(text).width),
      cellWidth,
      cellHeight,
    )
  const full = Array.from(values, (value) => formatValue(value))
  const short = Array.from(values, (value) => String(Number(value.toPrecision(1))))
  const texts = sizeOf(full) ? full : short
  const size = sizeOf(texts)
  if (size === null) return
  context.font = `${size}px ${font}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  texts.forEach((text, i) => {
    context.fillStyle = inkOn(valueColour(values[i], most))
    const [row, column] = [Math.floor(i / tile.width), i % tile.width]
    context.fillText(text, (column + 0.5) * cellWidth, (row + 0.5) * cellHeight)
  })
}
