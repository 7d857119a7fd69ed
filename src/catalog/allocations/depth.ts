// Sparsity that grows evenly with depth (docs/methods.md, "Depth"): what an early block loses passes through all that follow.
import type { Allocation, MeasuredBlock } from './allocation.ts'

export const depth: Allocation = {
  title: 'Depth',
  about: 'the first block is pruned least and the last most, evenly in between',
  paper: 'arXiv 2502.14770',
  needs: 'nothing',
  keys: { spread: 0.1 },
  tries: { spread: triedSpreads },
  most: mostSpread,
  shown: null,
  spread: (blocks, sparsity, { spread }) => depthSparsities(blocks, sparsity, spread),
}

/** Mean of the blocks' places, weighted by size; places go from −1 (first) to 1 (last). 0 if all blocks have one size. */
function meanPlace(blocks: readonly MeasuredBlock[]): number {
  const size = blocks.reduce((sum, block) => sum + block.size, 0)
  return blocks.reduce((sum, block, i) => sum + block.size * ((2 * i) / (blocks.length - 1) - 1), 0) / size
}

/** Sparsities in even steps, 2 · spread from first to last, with mean `sparsity` over the weights. The ends have at most 14 decimals. */
export function depthSparsities(blocks: readonly MeasuredBlock[], sparsity: number, spread: number): number[] {
  if (blocks.length < 2) return blocks.map(() => sparsity)
  const middle = sparsity - spread * meanPlace(blocks)
  const [first, last] = [middle - spread, middle + spread].map((end) => Number(end.toFixed(14)))
  const steps = blocks.length - 1
  return blocks.map((_, i) => (i === steps ? last : first + (last - first) * (i / steps)))
}

/**
 * The spread at which the first block loses nothing, or the last everything: min(s, 1 − s) for blocks of one size, which is
 * half of L − 1 times the common difference that the paper allows.
 */
export function mostSpread(blocks: readonly MeasuredBlock[], sparsity: number): number {
  if (blocks.length < 2) return Infinity
  const middle = meanPlace(blocks)
  return Math.min(sparsity / (1 + middle), (1 - sparsity) / (1 - middle))
}

const usualSpreads = [0.05, 0.1, 0.15]
/** The largest spread that is tried is at most this share of the largest possible one. */
const share = 0.9

/** Three spreads, scaled down by one factor if the largest would be too large. */
function triedSpreads(blocks: readonly MeasuredBlock[], sparsity: number): number[] {
  const factor = Math.min(1, (share * mostSpread(blocks, sparsity)) / Math.max(...usualSpreads))
  return usualSpreads.map((spread) => Number((factor * spread).toPrecision(4)))
}
