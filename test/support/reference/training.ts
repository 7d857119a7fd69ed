// Losses and the optimiser, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Storage } from './storage.ts'

type Training = Pick<
  Kernels,
  'logSumExpChunk' | 'crossEntropyBackwardChunk' | 'squaredError' | 'squaredErrorBackward' | 'sumSquares' | 'adamw'
>

export function training(s: Storage): Training {
  return {
    logSumExpChunk(runMax, runSum, targetLogit, logits, targets, start) {
      const [max, sum, picked, l, t] = [s.f(runMax), s.f(runSum), s.f(targetLogit), s.f(logits), s.cells(targets)]
      const width = l.length / max.length
      for (let n = 0; n < max.length; n++) {
        const row = l.subarray(n * width, (n + 1) * width)
        const top = row.reduce((m, x) => Math.max(m, x), max[n])
        sum[n] = sum[n] === 0 ? 0 : sum[n] * Math.exp(max[n] - top)
        for (const x of row) sum[n] += Math.exp(x - top)
        max[n] = top
        if (t[n] >= start && t[n] < start + width) picked[n] = row[t[n] - start]
      }
    },
    crossEntropyBackwardChunk(logits, runMax, runSum, targets, rowWeight, start) {
      const [l, max, sum, t, w] = [s.f(logits), s.f(runMax), s.f(runSum), s.cells(targets), s.f(rowWeight)]
      const width = l.length / max.length
      for (let e = 0; e < l.length; e++) {
        const n = Math.floor(e / width)
        const target = t[n] === start + (e % width) ? 1 : 0
        l[e] = t[n] < 0 ? 0 : w[n] * (Math.exp(l[e] - max[n]) / sum[n] - target)
      }
    },
    squaredError(out, a, b) {
      const [y, u, v] = [s.f(out), s.f(a), s.f(b)]
      for (let e = 0; e < u.length; e++) y[0] += (u[e] - v[e]) ** 2
    },
    squaredErrorBackward(dA, a, b, factor) {
      const [d, u, v] = [s.f(dA), s.f(a), s.f(b)]
      for (let e = 0; e < d.length; e++) d[e] = factor * (u[e] - v[e])
    },
    sumSquares(out, x) {
      const [y, v] = [s.f(out), s.f(x)]
      for (const e of v) y[0] += e * e
    },
    adamw(param, grad, m, v, h) {
      const [p, g, m1, m2] = [s.f(param), s.f(grad), s.f(m), s.f(v)]
      const [c1, c2] = [1 - h.beta1 ** h.step, 1 - h.beta2 ** h.step]
      for (let e = 0; e < p.length; e++) {
        const d = g[e] * h.gradScale
        m1[e] = h.beta1 * m1[e] + (1 - h.beta1) * d
        m2[e] = h.beta2 * m2[e] + (1 - h.beta2) * d * d
        p[e] -= h.lr * (h.weightDecay * p[e] + m1[e] / c1 / (Math.sqrt(m2[e] / c2) + h.eps))
      }
    },
  }
}
