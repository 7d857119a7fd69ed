import { factorScratchBytes, selectionCost, type Cost, type PruneMethod } from './method.ts'

/** Measured number of iterations until the mask no longer changes (docs/methods.md, "ALPS"). */
export const usualIterations = 36
/** Number of penalties: the penalty changes in every third iteration. */
const usualPenalties = usualIterations / 3
/** Steps of conjugate gradients on the final mask. */
export const leastSquaresSteps = 10

/** Conjugate gradients on a fixed mask: one matrix product per step, and one for the first residual. */
export function leastSquaresOperations(rows: number, columns: number, steps: number): number {
  return (steps + 1) * rows * columns ** 2
}

/** Most bytes of inverses that are kept for linears with the same input. */
const keptBytes = 2 ** 28

/** Number of inverses [columns, columns] that are kept. */
export function keptInverses(columns: number): number {
  return Math.floor(keptBytes / (4 * columns ** 2))
}

export const alps: PruneMethod = {
  title: 'ALPS',
  formula: 'the least error in the output, mask and weights together (ADMM with a growing penalty, then least squares)',
  advice: 'The least error without training. Slowest, needs text.',
  paper: 'arXiv 2406.07831',
  needs: 'hessian',
  scopes: ['tensor', 'row'],
  exactOnly: true,
  corrects: true,
  fits: true,
  keys: { iterations: 300, dampening: 0.01 },
  cost: {
    // An inverse for each penalty, or a factor alone where a CPU solves for few rows, beside the Hessian with unit diagonal.
    shared: (columns) => ({
      operations: (usualPenalties * columns ** 3) / 2,
      bytes: 4 * columns ** 2 * (2 + Math.min(usualPenalties, keptInverses(columns))) + factorScratchBytes(columns),
    }),
    // A matrix product and a mask in each iteration.
    matrix(rows, columns, { iterations = usualIterations }): Cost {
      const { operations, bytes } = selectionCost(rows, columns)
      const count = Math.min(iterations, usualIterations)
      return {
        operations:
          count * (operations + rows * columns ** 2) + leastSquaresOperations(rows, columns, leastSquaresSteps),
        bytes: bytes + 6 * 4 * rows * columns,
      }
    },
  },
}
