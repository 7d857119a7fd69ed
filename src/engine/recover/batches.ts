// The batch of a step is cut from the stored windows: the picked rows, without padding that none of them needs.
import { targetsOf, type Batch } from '../model/batch.ts'

/** Rows of one length, as text/ gives them: `mask` and `labels` are null when nothing is padded. */
export interface TrainingWindows {
  /** Each [windows, seqLen], row-major. */
  readonly ids: Int32Array
  readonly mask: Int32Array | null
  readonly labels: Int32Array | null
  readonly windows: number
  readonly seqLen: number
}

/** The given rows, cut after the last real token of the longest: padding on the right changes no target's loss. */
export function batchOf({ ids, mask, labels, seqLen }: TrainingWindows, picked: readonly number[]): Batch {
  const lengths = picked.map((row) => realLength(mask, row, seqLen))
  const longest = lengths.reduce((most, length) => Math.max(most, length), 2)
  const cut = (values: Int32Array) => {
    const out = new Int32Array(picked.length * longest)
    picked.forEach((row, i) => out.set(values.subarray(row * seqLen, row * seqLen + longest), i * longest))
    return out
  }
  const padded = lengths.some((length) => length < longest)
  return {
    batch: picked.length,
    seqLen: longest,
    ids: cut(ids),
    mask: mask && padded ? cut(mask) : null,
    labels: labels && cut(labels),
  }
}

/** Number of targets whose loss counts. */
export function countTargets(batch: Batch): number {
  return targetsOf(batch).reduce((count, target) => count + (target < 0 ? 0 : 1), 0)
}

function realLength(mask: Int32Array | null, row: number, seqLen: number): number {
  if (!mask) return seqLen
  let length = seqLen
  while (length > 0 && mask[row * seqLen + length - 1] === 0) length--
  return length
}
