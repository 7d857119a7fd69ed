// PruneKernels on the GPU. Its operations are recorded like kernels. The host decides from a few kilobytes of counts; weights stay
// on the device.
import { breathe } from '../../breathe.ts'
import type { DType } from '../../dtype.ts'
import type { Backend } from '../backend.ts'
import { exactPlace, type Limit, type PruneKernels, type Scored } from '../pruneKernels.ts'
import type { Kernels } from '../kernels.ts'
import type { Tensor } from '../tensor.ts'
import type { PruneOps } from './ops/prune/index.ts'
import { widestDigit } from './ops/prune/scores.ts'
import { swapFigures } from './ops/prune/swaps.ts'
import { factorPanelWidth } from '../../../catalog/methods/method.ts'

type Device = Pick<Backend, 'allocate' | 'release' | 'read'>

const patternOf = (score: number): number => new Uint32Array(Float32Array.of(score).buffer)[0]

/** The number of ties that are pruned. Scores on the device are f32 themselves, so the place of each is `exactPlace`. */
function tiesOf({ place, ties }: Limit): number {
  if (place === exactPlace) return ties
  return place > exactPlace ? Infinity : 0
}

export function webGpuPrune(device: Device, ops: PruneOps, { fill }: Pick<Kernels, 'fill'>): PruneKernels {
  /** Allocates memory for `body`, and returns what `body` leaves in it. */
  const leftIn = async (dtype: DType, shape: readonly number[], body: (own: Tensor) => void | Promise<void>) => {
    const own = device.allocate(dtype, shape)
    try {
      await body(own)
      return await device.read(own)
    } finally {
      device.release(own)
    }
  }
  /** As `leftIn`, with u32 words that start as zero. */
  const counted = (length: number, body: (words: Tensor) => void | Promise<void>) =>
    leftIn('u32', [length], (words) => {
      fill(words, 0)
      return body(words)
    })
  /** The row at which the ties run out, and how many were taken before it. */
  const cutOf = async (scored: Scored, limit: number, ties: number) => {
    if (ties === 0) return { row: 0, ties: 0, taken: 0 }
    const total = scored.weight.shape[0]
    if (ties === Infinity) return { row: total, ties: 0, taken: 0 }
    const found = await counted(total, (counts) => ops.countTies(counts, scored, limit))
    let taken = 0
    let row = 0
    while (row < total && taken + found[row] <= ties) taken += found[row++]
    return row < total ? { row, ties: ties - taken, taken: ties } : { row, ties: 0, taken }
  }
  return {
    traits: { scoresInF64: false, widestDigit, mostSwapInputs: Infinity },
    async countScores(counts, scored, digit) {
      const found = await counted(counts.length, (words) => ops.countDigit(words, scored, digit))
      for (let bin = 0; bin < found.length; bin++) counts[bin] += found[bin]
    },
    async maskBelow(mask, scored, limit) {
      const pattern = patternOf(limit.score)
      const { row, ties, taken } = await cutOf(scored, pattern, tiesOf(limit))
      ops.maskBelow(mask, scored, pattern, { row, ties })
      return taken
    },
    maskSmallest: (...args) => ops.maskSmallest(...args),
    maskRows: async (mask, weight, scale, k, withTies) =>
      (await counted(1, (bad) => ops.maskRows(mask, bad, { weight, scale, columns: null }, k, withTies)))[0],
    maskGroups: async (mask, weight, scale, pattern) =>
      (await counted(1, (bad) => ops.maskGroups(mask, bad, { weight, scale, columns: null }, pattern)))[0],
    async inverseFactor(out, h, diagonal) {
      const n = h.shape[0]
      const [bad] = await counted(1, async (words) => {
        ops.factorBegin(out, h, diagonal)
        for (let k = Math.floor((n - 1) / factorPanelWidth) * factorPanelWidth; k >= 0; k -= factorPanelWidth) {
          await breathe()
          ops.factorPanel(out, words, k, Math.min(factorPanelWidth, n - k))
        }
      })
      return bad === 0
    },
    sparseGptBlock: async (weight, mask, losses, factor, columns, pattern) =>
      ops.sweep(weight, mask, losses, factor, columns, pattern),
    async swapRows(mask, weight, dense, gram, rule) {
      const [rows] = weight.shape
      const found = await leftIn('f32', [rows, swapFigures], (figures) =>
        ops.swapRows(mask, weight, dense, gram, figures, rule),
      )
      const [before, after, room, swaps] = [0, 1, 2, 3].map((at) =>
        Float64Array.from({ length: rows }, (_, r) => found[swapFigures * r + at]),
      )
      return { before, after, room, swaps }
    },
  }
}
