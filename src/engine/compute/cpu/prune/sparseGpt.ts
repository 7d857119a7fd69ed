// SparseGPT's block of columns on the pool: each chunk of rows sweeps its tiles, then one product carries their errors
// into the columns behind the block. Rows are independent once the mask or the N:M rule is given.
import type { NmPattern } from '../../../../catalog/formats/sparsity.ts'
import type { Columns, InverseFactor } from '../../pruneKernels.ts'
import { maskWords } from '../../../../catalog/formats/maskFile.ts'
import { slice, type Tensor } from '../../tensor.ts'
import type { Pool, Split } from '../pool.ts'
import type { Task } from '../task.ts'

/** Rows of a tile of the kernel: one for each SIMD lane of four vectors. */
const tileRows = 16
/** Rows whose errors are kept for one product: few enough to stay in the cache. */
const stripRows = 128

/** Args: weight, width, mask, words, upper, scale, first, last, n, m, sums. `sums` is f64 [chunks]. */
const pruneSweep: Task = (env, args, start, end, chunk) => {
  const [weight, width, mask, words, upper, scale, first, last, n, m, sums] = args
  const { wasm, scratch, stage } = env
  const columns = last - first
  const [errors, tile] = [scratch, scratch + 4 * columns * stripRows]
  const diagonal = upper + 4 * (first * width + first)
  const sum = sums + 8 * chunk
  const factorPanel = stage.mark()
  const [u, ldu] = stage.rows('in', diagonal, columns, columns, width)
  const scales = stage.bytes('in', scale + 4 * first, 4 * columns)
  for (let strip = start; strip < end; strip += stripRows) {
    const stop = Math.min(strip + stripRows, end)
    for (let row = strip; row < stop; row += tileRows) {
      const rows = Math.min(tileRows, stop - row)
      const own = errors + 4 * (row - strip)
      const panel = stage.mark()
      const w = stage.rows('inout', weight + 4 * (row * width + first), rows, columns, width)
      const bits = stage.bytes('inout', mask + 4 * row * words, 4 * rows * words)
      wasm.sparseGptTile(rows, ...w, bits, words, first, columns, u, ldu, scales, n, m, own, stripRows, sum, tile)
      stage.flush(panel)
    }
    const behind = weight + 4 * (strip * width + last)
    const [rows, rest, right] = [stop - strip, width - last, diagonal + 4 * columns]
    if (rest > 0) env.sgemm(true, false, rows, rest, columns, -1, errors, stripRows, right, width, 1, behind, width)
  }
  stage.flush(factorPanel)
}

export const sparseGptTasks: Readonly<Record<string, Task>> = { pruneSweep }

/** See PruneKernels.sparseGptBlock. */
export function sparseGptBlock(
  pool: Pool,
  weight: Tensor,
  mask: Tensor,
  losses: Tensor,
  factor: InverseFactor,
  { start, end }: Columns,
  pattern: NmPattern | null,
): void {
  const { heap } = pool
  const [rows, width] = weight.shape
  const { n, m } = pattern ?? { n: 0, m: 0 }
  const columns = end - start
  const scratchBytes = 4 * columns * stripRows + pool.inline('sparseGptScratch', [columns, m])
  // The block of U and its scales, and of a tile the weights and the mask; each part begins at a cache line.
  const stageBytes = 4 * columns * (columns + 1 + tileRows) + 4 * tileRows * maskWords(width) + 4 * 64
  const split: Split = { total: rows, unit: tileRows, scratchBytes, stageBytes }
  const chunks = pool.chunks(split)
  heap.within(8 * chunks, (sums) => {
    const view = () => new Float64Array(heap.memory.buffer, sums, chunks)
    view().fill(0)
    const [bits, upper, scale] = [mask, factor.upper, factor.inverseDiagonal].map((tensor) => heap.addressOf(tensor))
    const place = [heap.addressOf(weight), width, bits, maskWords(width), upper, scale]
    pool.run('pruneSweep', split, [...place, start, end, n, m, sums])
    const first = slice(losses, 0, [1])
    const sum = new Float32Array(1)
    heap.read(first, sum)
    heap.write(
      first,
      sum.map((before) => before + view().reduce((a, b) => a + b, 0) / 2),
    )
  })
}
