// The batches of training steps: which windows each takes, and their rows, cut to the longest.
import { type Batch, targetsOf } from '../model/batch.ts'
import { createRng, shuffle } from '../rng.ts'
import { EngineError } from '../errors.ts'

/** Rows of one length, as text/ gives them: `mask` and `labels` are null when nothing is padded. */
export interface TrainingWindows {
  /** Each [windows, seqLen], row-major. */
  readonly ids: Int32Array
  readonly mask: Int32Array | null
  readonly labels: Int32Array | null
  readonly windows: number
  readonly seqLen: number
}

/** The given rows, cut after the last real token of the longest row: padding on the right changes no target's loss. */
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

/** The order in which training steps see the windows. */
interface RowOrder {
  readonly windows: number
  readonly batchSize: number
  /** Batches whose gradients add up before one optimiser step. */
  readonly gradAccumulation: number
  /** null = file order. */
  readonly shuffleSeed: number | null
}

/**
 * Rows of the `part`-th batch of a step: the next `batchSize` rows in order, starting again at the end. Shuffled, every
 * round over the data has an order of its own. Depends only on its arguments: a resumed run continues with the same order.
 */
export function rowsOfBatch(order: RowOrder, step: number, part: number): number[] {
  const first = (step * order.gradAccumulation + part) * order.batchSize
  return Array.from({ length: order.batchSize }, (_, k) => {
    const round = Math.floor((first + k) / order.windows)
    const place = (first + k) % order.windows
    return order.shuffleSeed === null ? place : permutation(order.windows, order.shuffleSeed, round)[place]
  })
}

/** Rows of all batches of a step: a list for each batch, or several where only `together` of its rows go through the model at once. */
export function rowsOfStep(order: RowOrder, step: number, together: number): number[][] {
  return Array.from({ length: order.gradAccumulation }, (_, part) => rowsOfBatch(order, step, part)).flatMap((rows) =>
    Array.from({ length: Math.ceil(rows.length / together) }, (_, i) => rows.slice(i * together, (i + 1) * together)),
  )
}

let last: { key: string; rows: Uint32Array } | null = null

/** A shuffle seeded by the round; the last one is kept, since neighbouring batches share it. */
function permutation(windows: number, seed: number, round: number): Uint32Array {
  const key = `${windows} ${seed} ${round}`
  if (last?.key === key) return last.rows
  const rows = shuffle(
    Uint32Array.from({ length: windows }, (_, i) => i),
    createRng(seed, `shuffle ${round}`),
  )
  last = { key, rows }
  return rows
}

/**
 * Refuses batches of more windows than there are, and steps of more batches: they would see the same windows again, and might
 * need more memory than any machine has. @throws EngineError 'bad-recipe'.
 */
export function requireBatches(windows: number, batchSize: number, gradAccumulation: number, place = 'recover'): void {
  const counts: [string, number][] = [
    ['batch_size', batchSize],
    ['grad_accumulation', gradAccumulation],
  ]
  for (const [name, count] of counts)
    if (count > windows)
      throw new EngineError(
        'bad-recipe',
        `${place}.${name} is ${count} and the data has ${windows} windows; use at most ${windows}`,
      )
}
