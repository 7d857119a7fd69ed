// The order in which training steps see the windows.
import { createRng } from '../rng.ts'

export interface RowOrder {
  readonly windows: number
  readonly batchSize: number
  /** Batches whose gradients add up before one optimiser step. */
  readonly gradAccumulation: number
  /** null = file order. */
  readonly shuffleSeed: number | null
}

/**
 * Rows of the `part`-th batch of a step: the next `batchSize` rows in order, starting again at the end. Shuffled, every
 * round over the data has an order of its own. Depends on nothing but its arguments, so that a resumed run goes on alike.
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

/** A Fisher–Yates shuffle seeded by the round; the last one is kept, since neighbouring batches share it. */
function permutation(windows: number, seed: number, round: number): Uint32Array {
  const key = `${windows} ${seed} ${round}`
  if (last?.key === key) return last.rows
  const rng = createRng(seed, `shuffle ${round}`)
  const rows = Uint32Array.from({ length: windows }, (_, i) => i)
  for (let i = windows - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    const swap = rows[i]
    rows[i] = rows[j]
    rows[j] = swap
  }
  last = { key, rows }
  return rows
}
