// A tensor as a matrix: a vector is one row, and more than two dimensions are cut at a slice. Its rows, its weights, and small pictures.
import type { Checkpoint, TensorEntry } from '../engine/checkpoint/checkpoint.ts'
import { elementFormat, type ElementFormat } from '../engine/checkpoint/stats/elementFormat.ts'
import { zeroFlags } from '../engine/checkpoint/stats/zeroFlags.ts'
import { EngineError, throwIfCancelled } from '../engine/errors.ts'
import type { ParamsOf } from '../protocol/parameters.ts'
import type { Tile } from '../protocol/inspect.ts'

export interface Matrix {
  entry: TensorEntry
  format: ElementFormat
  rows: number
  columns: number
  /** First byte of the slice in the tensor. */
  start: number
}

/** Some whole rows of a matrix. */
interface Strip {
  firstRow: number
  rows: number
  /** 1 where a weight is zero. */
  zeros: Uint8Array
  /** The weights as numbers; decoded only when asked for. */
  values: () => ArrayLike<number>
}

/** Bytes of rows that are read at a time; the event loop runs between two reads. */
const stripBytes = 4 * 2 ** 20

/** @throws EngineError for a name that the checkpoint does not contain, a slice out of range, or a type that cannot be read. */
export function matrixOf(checkpoint: Checkpoint, name: string, slice: readonly number[]): Matrix {
  const entry = checkpoint.tensors.get(name)
  if (!entry) throw new EngineError('bad-checkpoint', `${checkpoint.path} has no tensor ${name}`)
  const format = elementFormat(entry.dtype)
  if (!format) throw new EngineError('unsupported', `${name} is stored as ${entry.dtype}, which cannot be shown`)
  const { shape } = entry
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1
  const columns = shape.length > 0 ? shape[shape.length - 1] : 1
  let index = 0
  shape.slice(0, -2).forEach((size, axis) => {
    const at = slice[axis] ?? 0
    if (!Number.isInteger(at) || at < 0 || at >= size)
      throw new EngineError('usage', `${name} has ${size} slices along dimension ${axis}; slice ${at} does not exist`)
    index = index * size + at
  })
  return { entry, format, rows, columns, start: index * rows * columns * format.bytes }
}

/** Yields the rows [rowStart, rowEnd) in order, in strips of several rows. */
export async function* readStrips(
  checkpoint: Checkpoint,
  { entry, format, columns, start }: Matrix,
  rowStart: number,
  rowEnd: number,
  signal: AbortSignal,
): AsyncGenerator<Strip> {
  const rowBytes = columns * format.bytes
  const step = Math.max(1, Math.floor(stripBytes / Math.max(1, rowBytes)))
  for (let firstRow = rowStart; firstRow < rowEnd; firstRow += step) {
    throwIfCancelled(signal)
    const rows = Math.min(step, rowEnd - firstRow)
    const from = start + firstRow * rowBytes
    const { buffer } = await checkpoint.readRange(entry.name, from, from + rows * rowBytes)
    const count = rows * columns
    const zeros = new Uint8Array(count)
    zeroFlags(format, buffer, count, zeros)
    yield { firstRow, rows, zeros, values: () => decode(format, buffer, count) }
  }
}

/** One weight, as a number. @throws EngineError when it is outside the matrix. */
export async function readWeight(checkpoint: Checkpoint, matrix: Matrix, row: number, column: number): Promise<number> {
  const { entry, format, rows, columns, start } = matrix
  const inside =
    Number.isInteger(row) && Number.isInteger(column) && row >= 0 && row < rows && column >= 0 && column < columns
  if (!inside) throw new EngineError('usage', `${entry.name} is ${rows} × ${columns}: ${row}, ${column} is outside`)
  const from = start + (row * columns + column) * format.bytes
  const { buffer } = await checkpoint.readRange(entry.name, from, from + format.bytes)
  return decode(format, buffer, 1)[0]
}

function decode(format: ElementFormat, data: ArrayBuffer, count: number): ArrayLike<number> {
  if (format.kind === 'wide') return format.values(data, count)
  const patterns = format.bytes === 1 ? new Uint8Array(data, 0, count) : new Uint16Array(data, 0, count)
  return Float32Array.from(patterns, format.decode)
}

/** Longest side of a picture in pixels. No view shows more, so larger requests are reduced to this. */
const largestSide = 1024
/** The scale of a picture ends at this quantile of mean |w|: if it ended at the maximum, a few outliers would leave the rest dark. */
const nearlyAll = 0.995

/** A rectangle as a small picture: share of non-zeros and mean |w| per pixel, or the weights when they fit. */
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
  const finite = new Uint32Array(width * height)
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
        if (Number.isFinite(value)) {
          finite[pixel]++
          sizes[pixel] += Math.abs(value)
        }
        if (values) values[pixel] = value
      }
    }
  }
  const density = Uint8Array.from(nonZeros, (n, i) => Math.round((255 * n) / weights[i]))
  const means = sizes.map((size, i) => size / Math.max(1, finite[i]))
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
  throw new EngineError('usage', `${name} is ${rows} × ${columns}: the requested part is outside`)
}

function sideOf(length: number, wanted: number): number {
  return Math.max(1, Math.min(length, largestSide, Math.round(wanted)))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
