import { selectionCost, type PruneMethod } from './method.ts'

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
  keys: { block_size: 128, dampening: 0.01 },
  cost: {
    // Cholesky, inverse and Cholesky again take 2·n³ operations; the factor has n² numbers.
    shared: (columns) => ({ operations: 2 * columns ** 3, bytes: 4 * columns ** 2 }),
    // Every error is spread over all columns to its right.
    matrix(rows, columns) {
      const { operations, bytes } = selectionCost(rows, columns)
      return { operations: operations + rows * columns ** 2, bytes }
    },
  },
  foreign: {
    modifiers: ['SparseGPTModifier', 'SparseGPTModifierBase'],
    patterns: true,
    keys: { block_size: ['block_size'], dampening: ['dampening_frac', 'percdamp'] },
  },
}
