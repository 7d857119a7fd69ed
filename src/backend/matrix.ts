// A tensor seen as a matrix: vectors are one row, more than two dimensions are cut at a slice.
import type { Checkpoint, TensorEntry } from '../engine/checkpoint/checkpoint.ts'
import { EngineError, throwIfCancelled } from '../engine/errors.ts'
import { readerOf, type Elements } from './elements.ts'

export interface Matrix {
  entry: TensorEntry
  rows: number
  columns: number
  /** First byte of the slice in the tensor. */
  start: number
  elementBytes: number
}

/** Bytes of rows that are read at once; the event loop has a turn between. */
const stripBytes = 4 * 2 ** 20

/** @throws EngineError for a name the checkpoint has not, a slice out of range, or a type that cannot be read. */
export function matrixOf(checkpoint: Checkpoint, name: string, slice: readonly number[]): Matrix {
  const entry = checkpoint.tensors.get(name)
  if (!entry) throw new EngineError('bad-checkpoint', `${checkpoint.path} has no tensor ${name}`)
  const reader = readerOf(entry.dtype)
  if (!reader) throw new EngineError('unsupported', `${name} is stored as ${entry.dtype}, which cannot be shown`)
  const { shape } = entry
  const rows = shape.length > 1 ? shape[shape.length - 2] : 1
  const columns = shape.length > 0 ? shape[shape.length - 1] : 1
  const outer = shape.slice(0, -2)
  let index = 0
  outer.forEach((size, axis) => {
    const at = slice[axis] ?? 0
    if (!Number.isInteger(at) || at < 0 || at >= size)
      throw new EngineError('usage', `${name} has ${size} slices along dimension ${axis}, asked for ${at}`)
    index = index * size + at
  })
  return { entry, rows, columns, start: index * rows * columns * reader.bytes, elementBytes: reader.bytes }
}

/** Calls `strip` with rows [first, first + count) as elements, in order, for all rows of [rowStart, rowEnd). */
export async function readRows(
  checkpoint: Checkpoint,
  matrix: Matrix,
  rowStart: number,
  rowEnd: number,
  signal: AbortSignal | undefined,
  strip: (elements: Elements, first: number, count: number) => void,
): Promise<void> {
  const { entry, columns, start, elementBytes } = matrix
  const rowBytes = columns * elementBytes
  const step = Math.max(1, Math.floor(stripBytes / Math.max(1, rowBytes)))
  for (let first = rowStart; first < rowEnd; first += step) {
    throwIfCancelled(signal)
    const count = Math.min(step, rowEnd - first)
    const data = await checkpoint.readRange(entry.name, start + first * rowBytes, start + (first + count) * rowBytes)
    const reader = readerOf(entry.dtype)
    if (reader) strip(reader.open(data), first, count)
  }
}
