// Losses and the optimiser.
import type { Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { addresses, byElements, byRows } from './splits.ts'

type Training = Pick<
  Kernels,
  | 'logSumExpChunk'
  | 'crossEntropyBackwardChunk'
  | 'divergenceChunk'
  | 'distillBackwardChunk'
  | 'squaredError'
  | 'squaredErrorBackward'
  | 'sumSquares'
  | 'adamw'
>

/** Elements that one f64 partial sum covers, whatever the number of threads. */
const sumBlock = 8192

export function training(pool: Runner): Training {
  const at = addresses(pool)
  /** out[0] += Σ (a − b)², or Σ a² without b. */
  const addSquares = (out: number, a: number, b: number, length: number) => {
    const blocks = Math.ceil(length / sumBlock)
    pool.heap.within(8 * blocks, (parts) => {
      pool.run('squareParts', { total: blocks, unit: 2 }, [parts, a, b, length, sumBlock])
      pool.run('addSum', { total: 1, unit: 1 }, [out, parts, blocks])
    })
  }
  return {
    logSumExpChunk(runMax, runSum, targetLogit, logits, targets, start) {
      const n = runMax.length
      const width = logits.length / n
      const args = [at(runMax), at(runSum), at(targetLogit), at(logits), at(targets), width, start]
      pool.run('logSumExpRows', byRows(n, width), args)
    },
    crossEntropyBackwardChunk(logits, runMax, runSum, targets, rowWeight, start) {
      const n = runMax.length
      const width = logits.length / n
      const args = [at(logits), at(runMax), at(runSum), at(targets), at(rowWeight), width, start]
      pool.run('crossEntropyRows', byRows(n, width), args)
    },
    divergenceChunk(sums, logits, dense, temperature) {
      const n = sums.length / 5
      const width = logits.length / n
      pool.run('divergenceRows', byRows(n, width), [at(sums), at(logits), at(dense), width, 1 / temperature])
    },
    distillBackwardChunk(logits, dense, { runMax, runSum, divergence }, targets, rowWeight, loss, start) {
      const n = runMax.length
      const width = logits.length / n
      pool.run('distillRows', byRows(n, width), [
        ...[at(logits), at(dense), at(runMax), at(runSum), at(targets), at(rowWeight), at(divergence), width],
        ...[loss.dense, 1 / loss.temperature, start],
      ])
    },
    squaredError: (out, a, b) => addSquares(at(out), at(a), at(b), a.length),
    squaredErrorBackward(dA, a, b, factor) {
      pool.run('scaledDifference', byElements(dA.length), [at(dA), at(a), at(b), factor])
    },
    sumSquares: (out, x) => addSquares(at(out), at(x), 0, x.length),
    adamw(param, grad, m, v, { lr, beta1, beta2, eps, weightDecay, step, gradScale }) {
      // Differences from 1 are taken in f64: f32(0.999) would make 1 − β₂ wrong by 5e-5.
      const [rate, root] = [lr / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)]
      pool.run('adamw', byElements(param.length), [
        ...[at(param), at(grad), at(m), at(v), rate, root, beta1, 1 - beta1, beta2, 1 - beta2],
        ...[eps, lr * weightDecay, gradScale],
      ])
    },
  }
}
