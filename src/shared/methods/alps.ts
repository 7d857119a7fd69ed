import { selectionCost, type Cost, type PruneMethod } from './method.ts'

/** What people see it take: it stops when its mask no longer changes (docs/methods.md, "ALPS"). */
const usualIterations = 36
/** The penalty grows in every third. */
const usualPenalties = usualIterations / 3
/** Of conjugate gradients, on the mask that came out. */
export const leastSquaresSteps = 10

/** Bytes of inverses that linears with the same input hand on to each other. */
const keptBytes = 2 ** 28

/** How many inverses [columns, columns] are kept. */
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
    // An inverse for each penalty, of the Hessian with unit diagonal.
    shared: (columns) => ({
      operations: usualPenalties * 2 * columns ** 3,
      bytes: 4 * columns ** 2 * (2 + Math.min(usualPenalties, keptInverses(columns))),
    }),
    matrix(rows, columns, { iterations = usualIterations }): Cost {
      const count = Math.min(iterations, usualIterations)
      const { operations, bytes } = selectionCost(rows, columns)
      return {
        operations: count * (operations + 2 * rows * columns ** 2) + leastSquaresSteps * 2 * rows * columns ** 2,
        bytes: bytes + 6 * 4 * rows * columns,
      }
    },
  },
}
