// A rectangle of a matrix as a small picture: share of non-zeros and mean |w| per pixel, or the weights when they fit.
import type { ParamsOf } from '../protocol/parameters.ts'
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { EngineError } from '../engine/errors.ts'
import type { Tile } from '../protocol/inspect.ts'
import { matrixOf, readStrips, type Matrix } from './matrix.ts'

/** More than a view shows; a larger request is a mistake. */
const largestSide = 1024
/** A few outliers would leave the others of a picture dark: those above the scale share its end. */
const nearlyAll = 0.995

export async function readTile(checkpoint: Checkpoint, request: ParamsOf<'tile'>, signal: AbortSignal): Promise<Tile> {
  const matrix = matrixOf(checkpoint, request.name, request.slice)
  checkInside(matrix, request)
  const { rowStart, rowEnd, columnStart, columnEnd } = request
  const rows = rowEnd - rowStart
  const columns = columnEnd - columnStart
  const height = sideOf(rows, request.height)
  const width = sideOf(columns, request.width)
  const nonZeros = new Uint32Array(width * height)
  const weights = new Uint32Array(width * height)
  const sizes = new Float64Array(width * height)
  const values = height === rows && width === columns ? new Float32Array(width * height) : null
  const columnPixel = Uint32Array.from({ length: columns }, (_, c) => Math.floor((c * width) / columns))
  for await (const strip of readStrips(checkpoint, matrix, rowStart, rowEnd, signal)) {
    const numbers = strip.values()
    for (let r = 0; r < strip.rows; r++) {
      const line = Math.floor(((strip.firstRow + r - rowStart) * height) / rows) * width
      const offset = r * matrix.columns + columnStart
      for (let c = 0; c < columns; c++) {
        const pixel = line + columnPixel[c]
        weights[pixel]++
        nonZeros[pixel] += 1 - strip.zeros[offset + c]
        const value = numbers[offset + c]
        if (Number.isFinite(value)) sizes[pixel] += Math.abs(value)
        if (values) values[pixel] = value
      }
    }
  }
  const density = Uint8Array.from(nonZeros, (n, i) => Math.round((255 * n) / weights[i]))
  const means = sizes.map((size, i) => size / weights[i])
  const most = means.toSorted()[Math.ceil(nearlyAll * (means.length - 1))] || 1
  const size = Uint8Array.from(means, (mean) => Math.min(255, Math.round((255 * mean) / most)))
  return {
    ...{ height, width, density: base64(density), size: { shares: base64(size), most } },
    values: values && base64(new Uint8Array(values.buffer)),
  }
}

function checkInside(
  { rows, columns }: Matrix,
  { name, rowStart, rowEnd, columnStart, columnEnd }: ParamsOf<'tile'>,
): void {
  const whole = [rowStart, rowEnd, columnStart, columnEnd].every(Number.isInteger)
  const inside = 0 <= rowStart && rowStart < rowEnd && rowEnd <= rows
  if (whole && inside && 0 <= columnStart && columnStart < columnEnd && columnEnd <= columns) return
  throw new EngineError('usage', `${name} is ${rows} × ${columns}: the part asked for is not in it`)
}

function sideOf(length: number, wanted: number): number {
  return Math.max(1, Math.min(length, largestSide, Math.round(wanted)))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
