// Losses and the optimiser, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Storage } from './storage.ts'

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
    divergenceChunk(sums, logits, dense, temperature) {
      const [out, l, d] = [s.f(sums), s.f(logits), s.f(dense)]
      const width = (5 * l.length) / out.length
      const top = (values: Float64Array, most: number) => values.reduce((m, x) => Math.max(m, x), most)
      for (let n = 0; n < out.length / 5; n++) {
        const [z, q] = [l, d].map((x) =>
          Float64Array.from(x.subarray(n * width, (n + 1) * width), (v) => v / temperature),
        )
        const [zMax, zSum, qMax, qSum, cross] = out.subarray(5 * n, 5 * n + 5)
        const [zTop, qTop] = [top(z, zMax), top(q, qMax)]
        const qKept = qSum === 0 ? 0 : Math.exp(qMax - qTop)
        const next = [zTop, zSum === 0 ? 0 : zSum * Math.exp(zMax - zTop), qTop, qSum * qKept, cross * qKept]
        for (let v = 0; v < width; v++) {
          next[1] += Math.exp(z[v] - zTop)
          next[3] += Math.exp(q[v] - qTop)
          next[4] += Math.exp(q[v] - qTop) * (q[v] - z[v])
        }
        out.set(next, 5 * n)
      }
    },
    distillBackwardChunk(logits, dense, { runMax, runSum, divergence }, targets, rowWeight, loss, start) {
      const [l, d, max, sum] = [s.f(logits), s.f(dense), s.f(runMax), s.f(runSum)]
      const [of, t, w] = [s.f(divergence), s.cells(targets), s.f(rowWeight)]
      const { dense: share, temperature } = loss
      const width = l.length / max.length
      for (let e = 0; e < l.length; e++) {
        const n = Math.floor(e / width)
        const [zMax, zSum, qMax, qSum] = of.subarray(5 * n, 5 * n + 5)
        const hot = t[n] === start + (e % width) ? 1 : 0
        const text = Math.exp(l[e] - max[n]) / sum[n] - hot
        const apart = Math.exp(l[e] / temperature - zMax) / zSum - Math.exp(d[e] / temperature - qMax) / qSum
        l[e] = t[n] < 0 ? 0 : w[n] * ((1 - share) * text + share * temperature * apart)
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
