import { factorScratchBytes, selectionCost, type Cost, type PruneMethod } from './method.ts'
import { gramWork, productWork, sumOf, timesWork, type Work } from './work.ts'

/** Iterations until its mask no longer changes, as measured (docs/methods.md, "ALPS"). */
export const usualIterations = 36
/** Number of penalties: it changes in every third iteration. */
const usualPenalties = usualIterations / 3
/** Steps of conjugate gradients on the final mask. */
export const leastSquaresSteps = 10

/** Conjugate gradients on a fixed mask: a product and seven sums and copies a step, and the residual before them. */
export function leastSquaresWork(rows: number, columns: number, steps: number): Work {
  const step = sumOf([productWork('f32', rows, columns, columns), { move: 7 * rows * columns }])
  return timesWork(steps + 1, step)
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
    // There is an inverse for each penalty, beside the Hessian with unit diagonal.
    shared: (columns) => ({
      work: timesWork(usualPenalties, sumOf([{ factor: columns ** 3 }, gramWork(columns, columns)])),
      bytes: 4 * columns ** 2 * (2 + Math.min(usualPenalties, keptInverses(columns))) + factorScratchBytes(columns),
    }),
    matrix(rows, columns, settings): Cost {
      const count = Math.min(settings.iterations ?? usualIterations, usualIterations)
      const { work, bytes } = selectionCost(rows, columns, settings)
      // A product, a mask, and eight sums and copies.
      const iteration = sumOf([work, productWork('f32', rows, columns, columns), { move: 8 * rows * columns }])
      return {
        work: sumOf([timesWork(count, iteration), leastSquaresWork(rows, columns, leastSquaresSteps)]),
        bytes: bytes + 6 * 4 * rows * columns,
      }
    },
  },
}
