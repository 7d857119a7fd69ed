// A rectangle of a matrix as a small picture: share of non-zeros per pixel, or the weights when they fit.
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { EngineError } from '../engine/errors.ts'
import type { Tile, TileRequest } from '../shared/protocol/inspect.ts'
import { matrixOf, readRows } from './matrix.ts'

/** More than a view shows; a larger request is a mistake. */
const largestSide = 1024

export async function readTile(checkpoint: Checkpoint, request: TileRequest, signal: AbortSignal): Promise<Tile> {
  const matrix = matrixOf(checkpoint, request.name, request.slice)
  const { rowStart, rowEnd, columnStart, columnEnd } = request
  const inside = rowStart >= 0 && rowEnd <= matrix.rows && columnStart >= 0 && columnEnd <= matrix.columns
  const rows = rowEnd - rowStart
  const columns = columnEnd - columnStart
  if (!inside || rows <= 0 || columns <= 0 || ![rowStart, rowEnd, columnStart, columnEnd].every(Number.isInteger))
    throw new EngineError(
      'usage',
      `${request.name} is ${matrix.rows} × ${matrix.columns}: the part asked for is not in it`,
    )
  const height = Math.max(1, Math.min(rows, largestSide, Math.round(request.height)))
  const width = Math.max(1, Math.min(columns, largestSide, Math.round(request.width)))
  const single = height === rows && width === columns
  const nonZeros = new Uint32Array(width * height)
  const weights = new Uint32Array(width * height)
  const values = single ? new Float32Array(width * height) : null
  const columnPixel = Uint32Array.from({ length: columns }, (_, c) => Math.floor((c * width) / columns))
  await readRows(checkpoint, matrix, rowStart, rowEnd, signal, (elements, first, count) => {
    for (let r = 0; r < count; r++) {
      const line = Math.floor(((first + r - rowStart) * height) / rows) * width
      const offset = r * matrix.columns + columnStart
      for (let c = 0; c < columns; c++) {
        const pixel = line + columnPixel[c]
        weights[pixel]++
        if (!elements.isZero(offset + c)) nonZeros[pixel]++
        if (values) values[pixel] = elements.value(offset + c)
      }
    }
  })
  const density = Uint8Array.from(nonZeros, (n, i) => Math.round((255 * n) / weights[i]))
  return { height, width, density: base64(density), values: values && base64(new Uint8Array(values.buffer)) }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
