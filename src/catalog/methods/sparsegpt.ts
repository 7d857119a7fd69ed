import { factorScratchBytes, selectionCost, type PruneMethod } from './method.ts'

const usualBlock = 128
/** Within a block errors are spread column by column, which takes this many times as long as a matrix product. */
const sweepFactor = 5

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
    shared: (columns) => ({ operations: columns ** 3, bytes: 4 * columns ** 2 + factorScratchBytes(columns) }),
    // Each error is spread over the columns of its block, then all errors of the block over the columns to the right.
    matrix(rows, columns, settings) {
      const { operations, bytes } = selectionCost(rows, columns)
      const block = Math.min(columns, settings.block_size ?? usualBlock)
      return { operations: operations + rows * columns * (sweepFactor * block + (columns - block) / 2), bytes }
    },
  },
}
