import { factorScratchBytes, isGrouped, selectionCost, type PruneMethod } from './method.ts'
import { sized, sumOf } from './work.ts'

const usualBlock = 128

export const sparsegpt: PruneMethod = {
  title: 'SparseGPT',
  formula: 'second order, corrects the remaining weights',
  advice: 'Corrects the kept weights. Slower, needs text.',
  paper: 'arXiv 2301.00774',
  needs: 'hessian',
  scopes: [],
  ownGroup: 'its column block',
  columnBlocks: true,
  inverts: true,
  corrects: true,
  keys: { block_size: usualBlock, dampening: 0.01 },
  cost: {
    // The factor has n² numbers.
    shared: (columns) => ({
      work: { factor: columns ** 3 },
      bytes: 4 * columns ** 2 + factorScratchBytes(columns),
    }),
    // Every error is spread over the columns of its block, then all of them over the columns to the right.
    matrix(rows, columns, settings) {
      const { work, bytes } = selectionCost(rows, columns, settings)
      const block = Math.min(columns, settings.block_size ?? usualBlock)
      const sweep = rows * columns * block
      const spread = sized('product f32', rows * columns * (columns - block), Math.min(rows, columns))
      // N:M is chosen on the way.
      const chosen = isGrouped(settings.pattern) ? {} : work
      return { work: sumOf([chosen, { sweep }, spread]), bytes }
    },
  },
}
