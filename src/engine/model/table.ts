// Matrices with a row a token: in one tensor, or in several where no buffer of the device holds all rows.
import type { Backend, DeviceTraits } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { RowRange } from './module.ts'

/** Vocabulary entries in one product of the head: a chunk's weights and logits stay below every device's binding limit. */
const chunkRows = 8192

export interface Table {
  /** Name in the checkpoint. */
  readonly name: string
  /** The rows [rows, width] in order, possibly 16-bit. All but the last have as many, whole chunks of the head. */
  readonly parts: readonly Tensor[]
}

/** The chunks in which the head goes over the vocabulary. */
export function chunksOf(vocabSize: number): RowRange[] {
  return rangesOf(vocabSize, chunkRows)
}

/** The rows of each tensor of a table of so many bytes. */
export function partsOf({ mostTensorBytes = Infinity }: DeviceTraits, numRows: number, bytes: number): RowRange[] {
  if (bytes <= mostTensorBytes) return [{ start: 0, end: numRows }]
  const chunks = Math.floor(mostTensorBytes / ((bytes / numRows) * chunkRows))
  return rangesOf(numRows, Math.max(1, chunks) * chunkRows)
}

/** Rows [start, end) as a view; they lie in one chunk of the head. */
export function tableRows({ parts }: Table, { start, end }: RowRange): Tensor {
  const numRows = parts[0].shape[0]
  const part = Math.floor(start / numRows)
  return rows(parts[part], start - part * numRows, end - part * numRows)
}

/** out[n] = scale · row ids[n]. */
export function gatherTable({ kernels }: Backend, out: Tensor, { parts }: Table, ids: Tensor, scale: number): void {
  parts.forEach((part, i) => kernels.gatherRows(out, part, ids, scale, i * parts[0].shape[0]))
}

export function rangesOf(length: number, size: number): RowRange[] {
  const ranges: RowRange[] = []
  for (let start = 0; start < length; start += size) ranges.push({ start, end: Math.min(start + size, length) })
  return ranges
}
