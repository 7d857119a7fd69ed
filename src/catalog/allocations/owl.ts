// Outlier-weighed layerwise sparsity (docs/methods.md, "OWL"): a block with more outliers among its scores is pruned less.
import type { Allocation, MeasuredBlock } from './allocation.ts'

/** The threshold M of the paper's examples. */
export const outlierThreshold = 5

export const owl: Allocation = {
  title: 'OWL',
  about: 'blocks with more outliers among |w| × norm of its input are pruned less',
  paper: 'arXiv 2310.05175',
  needs: 'norms',
  keys: { threshold: outlierThreshold, spread: 0.08 },
  tries: {},
  most: null,
  shown: { of: 'outliers', title: `Outlier scores |w|·‖x‖ (OWL, % above ${outlierThreshold} × the mean)` },
  spread: (blocks, sparsity, { spread }) => owlSparsities(blocks, sparsity, spread),
}

/** Largest sparsity of a block, since a block without weights would pass nothing on. */
const most = 0.99

/**
 * Sparsity of each block from its share of outliers: the largest and the smallest differ by `2 · spread`, and the mean over the
 * weights is `sparsity`. Sparsities are clamped to [0, 0.99], and the other blocks take the rest.
 */
export function owlSparsities(blocks: readonly MeasuredBlock[], sparsity: number, spread: number): number[] {
  const values = blocks.map(({ value }) => value)
  const [least, largest] = [Math.min(...values), Math.max(...values)]
  const density = values.map((value) => (largest > least ? ((value - least) / (largest - least)) * 2 * spread : 0))
  const sparsities = density.map((share) => -share)
  const free = new Set(blocks.keys())
  while (free.size > 0) {
    const rest = sum(blocks, (i) => sparsity - (free.has(i) ? 0 : sparsities[i]))
    const room = [...free].reduce((size, i) => size + blocks[i].size, 0)
    const shift = (rest - [...free].reduce((total, i) => total + blocks[i].size * sparsities[i], 0)) / room
    for (const i of free) sparsities[i] += shift
    const outside = [...free].filter((i) => sparsities[i] < 0 || sparsities[i] > most)
    if (outside.length === 0) break
    for (const i of outside) {
      sparsities[i] = Math.min(most, Math.max(0, sparsities[i]))
      free.delete(i)
    }
  }
  return sparsities
}

/** Sum over the weights of all blocks. */
function sum(blocks: readonly MeasuredBlock[], of: (block: number) => number): number {
  return blocks.reduce((total, { size }, i) => total + size * of(i), 0)
}
