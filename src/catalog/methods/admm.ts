import { factorScratchBytes, selectionCost, type Cost, type PruneMethod } from './method.ts'
import { gramWork, productWork, sumOf, timesWork } from './work.ts'

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
    shared: (columns) => ({
      work: sumOf([{ factor: columns ** 3 }, gramWork(columns, columns)]),
      bytes: 2 * 4 * columns ** 2 + factorScratchBytes(columns),
    }),
    matrix(rows, columns, settings): Cost {
      const { work, bytes } = selectionCost(rows, columns, settings)
      const weights = rows * columns
      // A product, and seven sums and copies; a mask is chosen while the sparsity grows.
      const iteration = sumOf([productWork('f32', rows, columns, columns), { move: 7 * weights }])
      const { iterations = usualIterations } = settings
      return {
        work: sumOf([timesWork(iterations, iteration), timesWork(Math.max(1, Math.floor(0.75 * iterations)), work)]),
        bytes: bytes + 5 * 4 * rows * columns,
      }
    },
  },
}
