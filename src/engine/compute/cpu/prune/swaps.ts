// Swaps on the pool: rows are independent. A swap reads any columns of G, so G must be inside the WebAssembly memory.
import { breathe } from '../../../breathe.ts'
import type { SwapFigures, SwapRule } from '../../pruneKernels.ts'
import { maskWords } from '../../../../catalog/formats/maskFile.ts'
import { bytesOf, type Tensor } from '../../tensor.ts'
import { isOutside } from '../outside.ts'
import type { Pool } from '../pool.ts'
import { callStaged } from '../staged.ts'
import type { Task } from '../task.ts'

/** Args: weight, dense, width, mask, words, gram, peaks, most, group, figures, product or 0. */
const pruneSwaps: Task = (env, args, start, end) => callStaged(env, 'swapRows', start, end, [...args, env.scratch])

export const swapTasks: Readonly<Record<string, Task>> = { pruneSwaps }

/** With so many inputs, G takes half of the WebAssembly memory. */
export const mostSwapInputs = 23_170

/** Rows that share loads of G in the kernel. */
const unit = 4
/** Multiply-adds between two calls of `breathe`, about. */
const together = 2 ** 31
/** Share of a row's I² pairs that the searches look at, about. The first product, if it is not given, takes all I². */
const searched = 1 / 32

/** See PruneKernels.swapRows. */
export async function swapRows(
  pool: Pool,
  mask: Tensor,
  weight: Tensor,
  dense: Tensor,
  gram: Tensor,
  { most, group }: SwapRule,
  product: Tensor | null,
): Promise<SwapFigures> {
  const { heap } = pool
  const [rows, width] = weight.shape
  const ofGram = heap.addressOf(gram)
  const copied = isOutside(ofGram) ? heap.allocateInside(bytesOf(gram)) : null
  let held = 0
  try {
    held = heap.allocateInside(16 * width + 32 * rows)
    if (copied !== null) heap.outside?.copy(copied, ofGram, bytesOf(gram))
    const g = copied ?? ofGram
    const figures = held + 16 * width
    pool.run('correlationPeaks', { total: width, unit: 64 }, [g, width, held])
    const split = { unit, scratchBytes: pool.inline('swapScratch', [width]) }
    const words = maskWords(width)
    const work = (product ? searched : 1) * width ** 2
    const count = Math.max(1, Math.floor(together / work / unit)) * unit
    for (let first = 0; first < rows; first += count) {
      await breathe()
      const [w, d] = [weight, dense].map((tensor) => heap.addressOf(tensor) + 4 * first * width)
      const bits = heap.addressOf(mask) + 4 * first * words
      const given = product && heap.addressOf(product) + 4 * first * width
      const rule = [Math.min(most, width), group, figures + 32 * first, given ?? 0]
      const total = Math.min(count, rows - first)
      pool.run('pruneSwaps', { ...split, total }, [w, d, width, bits, words, g, held, ...rule])
    }
    const found = new Float64Array(heap.memory.buffer, figures, 4 * rows).slice()
    const [before, after, room, swaps] = [0, 1, 2, 3].map((at) =>
      Float64Array.from({ length: rows }, (_, r) => found[4 * r + at]),
    )
    return { before, after, room, swaps }
  } finally {
    if (copied !== null) heap.release(copied)
    if (held > 0) heap.release(held)
  }
}
