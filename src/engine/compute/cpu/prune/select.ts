// Selection on the pool, split by rows. Each thread has its own counts: sums of integers do not depend on who counted what.
import type { NmPattern } from '../../../../catalog/formats/sparsity.ts'
import type { Digit, Limit, Scored } from '../../pruneKernels.ts'
import { maskWords } from '../../../../catalog/formats/maskFile.ts'
import type { Tensor } from '../../tensor.ts'
import type { Pool } from '../pool.ts'
import { callStaged } from '../staged.ts'
import type { Task } from '../task.ts'

/** Args: weight, width, scale, first, last, counts, shift, bits, prefix, within. Counts are i32 [threads, 2^bits]. */
const pruneCount: Task = (env, args, start, end) => {
  const [weight, width, scale, first, last, counts, shift, bits, prefix, within] = args
  const own = [weight, width, scale, first, last, counts + env.thread * 4 * 2 ** bits, shift, bits, prefix, within]
  callStaged(env, 'countScores', start, end, own)
}

/** Args: weight, width, scale, mask, words, two arguments of the rule, bad. `bad` is i32 [threads]. */
const selecting =
  (kernel: string): Task =>
  (env, args, start, end) => {
    const own = [...args.slice(0, 7), args[7] + 4 * env.thread, env.scratch]
    callStaged(env, kernel, start, end, own)
  }

export const selectTasks: Readonly<Record<string, Task>> = {
  pruneCount,
  pruneRows: selecting('selectRows'),
  pruneGroups: selecting('selectGroups'),
}

/** Elements worth waking a thread for. */
const grain = 16384

const splitRows = (rows: number, columns: number) => ({ total: rows, unit: Math.max(1, Math.ceil(grain / columns)) })

const patternOf = (score: number): number => new Int32Array(Float32Array.of(score).buffer)[0]

/** Addresses and ranges in the order of the kernels' parameters. */
function layoutOf(pool: Pool, { weight, scale, columns }: Scored) {
  const [rows, width] = weight.shape
  const { start, end } = columns ?? { start: 0, end: width }
  const from = scale ? pool.heap.addressOf(scale) : 0
  return { rows, width, count: end - start, args: [pool.heap.addressOf(weight), width, from, start, end] }
}

export function countScores(pool: Pool, counts: Float64Array, scored: Scored, digit: Digit): void {
  const { shift, bits, prefix, within } = digit
  const { rows, count, args } = layoutOf(pool, scored)
  const pattern = within === null ? -1 : patternOf(within)
  withZeros(pool, pool.threads * 2 ** bits, (own, view) => {
    pool.run('pruneCount', splitRows(rows, count), [...args, own, shift, bits, prefix, pattern])
    const all = view()
    for (let thread = 0; thread < pool.threads; thread++)
      for (let bin = 0; bin < counts.length; bin++) counts[bin] += all[thread * counts.length + bin]
  })
}

export function maskBelow(pool: Pool, mask: Tensor, scored: Scored, { score, place, ties }: Limit): number {
  const { rows, width, count, args } = layoutOf(pool, scored)
  const split = splitRows(rows, count)
  const limit = patternOf(score)
  const cut = ties > 0 ? findTies(pool, scored, limit, place, ties) : { row: 0, ties: 0, taken: 0 }
  const bits = pool.heap.addressOf(mask)
  pool.run('maskBelow', split, [...args, bits, maskWords(width), limit, place, cut.row, cut.ties])
  return cut.taken
}

/** The row at which the ties run out: rows before `row` give all of theirs, `row` gives `ties`; `taken` is the sum. */
function findTies(pool: Pool, scored: Scored, limit: number, place: number, ties: number) {
  const { rows, count, args } = layoutOf(pool, scored)
  if (ties === Infinity) return { row: rows, ties: 0, taken: 0 }
  return withZeros(pool, rows, (perRow, view) => {
    pool.run('countTies', splitRows(rows, count), [...args, limit, place, perRow])
    const found = view()
    let taken = 0
    let row = 0
    while (row < rows && taken + found[row] <= ties) taken += found[row++]
    return row < rows ? { row, ties: ties - taken, taken: ties } : { row, ties: 0, taken }
  })
}

export function maskRows(pool: Pool, mask: Tensor, weight: Tensor, scale: Tensor | null, k: number, withTies: boolean) {
  const [rows, width] = weight.shape
  const split = { ...splitRows(rows, width), scratchBytes: pool.inline('selectRowsScratch', [width]) }
  return runCounted(pool, 'pruneRows', split, mask, weight, scale, [k, withTies ? 1 : 0])
}

export function maskGroups(pool: Pool, mask: Tensor, weight: Tensor, scale: Tensor | null, pattern: NmPattern): number {
  const [rows, width] = weight.shape
  const { n, m } = pattern
  const split = { ...splitRows(rows, width), scratchBytes: pool.inline('selectGroupsScratch', [width, m]) }
  return runCounted(pool, 'pruneGroups', split, mask, weight, scale, [n, m])
}

/** Runs a task that writes whole rows of a mask, and returns how many scores it found not finite. */
function runCounted(
  pool: Pool,
  task: string,
  split: { total: number; unit: number; scratchBytes: number },
  mask: Tensor,
  weight: Tensor,
  scale: Tensor | null,
  rule: readonly number[],
): number {
  const { heap } = pool
  const width = weight.shape[1]
  const [from, bits] = [scale ? heap.addressOf(scale) : 0, heap.addressOf(mask)]
  return withZeros(pool, pool.threads, (bad, view) => {
    pool.run(task, split, [heap.addressOf(weight), width, from, bits, maskWords(width), ...rule, bad])
    return view().reduce((a, b) => a + b, 0)
  })
}

/** Gives `body` the address of `length` zeroed i32, and a function that returns a view of them. */
function withZeros<T>(pool: Pool, length: number, body: (address: number, view: () => Int32Array) => T): T {
  return pool.heap.within(4 * length, (address) => {
    const view = () => new Int32Array(pool.heap.memory.buffer, address, length)
    view().fill(0)
    return body(address, view)
  })
}
