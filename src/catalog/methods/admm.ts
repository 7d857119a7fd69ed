import { factorScratchBytes, selectionCost, type Cost, type PruneMethod } from './method.ts'

const usualIterations = 20

export const admm: PruneMethod = {
  title: 'ADMM',
  formula: 'the least error in the output, while the sparsity grows',
  advice: 'Corrects the kept weights, in a fixed number of steps. Needs text.',
  paper: 'arXiv 2401.02938',
  needs: 'hessian',
  scopes: ['tensor', 'row'],
  exactOnly: true,
  corrects: true,
  keys: { iterations: usualIterations, dampening: 0.1 },
  cost: {
    // The factor of the inverse, and the inverse made from it.
    shared: (columns) => ({ operations: 2 * columns ** 3, bytes: 2 * 4 * columns ** 2 + factorScratchBytes(columns) }),
    // A matrix product and a selection in each iteration.
    matrix(rows, columns, { iterations = usualIterations }): Cost {
      const { operations, bytes } = selectionCost(rows, columns)
      return {
        operations: iterations * (operations + rows * columns ** 2),
        bytes: bytes + 5 * 4 * rows * columns,
      }
    },
  },
}
