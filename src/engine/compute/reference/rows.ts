// Row and column movement, elementwise operations, losses and the optimiser, in f64 loops.
import type { Activation, Kernels } from '../kernels.ts'
import type { Storage } from './storage.ts'

type Rows = Pick<
  Kernels,
  | 'columnSum'
  | 'columnSquares'
  | 'gatherRows'
  | 'scatterAddRows'
  | 'rowDot'
  | 'copy'
  | 'activation'
  | 'activationBackward'
  | 'gated'
  | 'gatedBackward'
  | 'add'
  | 'addScaled'
  | 'fill'
  | 'convert'
  | 'logSumExpChunk'
  | 'crossEntropyBackwardChunk'
  | 'squaredError'
  | 'squaredErrorBackward'
  | 'sumSquares'
  | 'adamw'
>

/** erf to f64 precision: Taylor series near 0, continued fraction of erfc far out. */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (a < 3) {
    let term = a
    let sum = a
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 200; n++) {
      term *= (-a * a) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction)
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)))
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const normalPdf = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
const normalCdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2))
const gelu: [(x: number) => number, (x: number) => number] = [
  (x) => x * normalCdf(x),
  (x) => normalCdf(x) + x * normalPdf(x),
]
const c = Math.sqrt(2 / Math.PI)
const inner = (x: number) => Math.tanh(c * (x + 0.044715 * x ** 3))

/** Each activation and its derivative. */
export const activations: Record<Activation, [(x: number) => number, (x: number) => number]> = {
  relu: [(x) => Math.max(0, x), (x) => (x > 0 ? 1 : 0)],
  relu6: [(x) => Math.min(6, Math.max(0, x)), (x) => (x > 0 && x < 6 ? 1 : 0)],
  relu2: [(x) => Math.max(0, x) ** 2, (x) => 2 * Math.max(0, x)],
  leakyRelu: [(x) => (x > 0 ? x : 0.01 * x), (x) => (x > 0 ? 1 : 0.01)],
  gelu,
  gelu10: [(x) => Math.min(10, Math.max(-10, gelu[0](x))), (x) => (Math.abs(gelu[0](x)) < 10 ? gelu[1](x) : 0)],
  geluTanh: [
    (x) => 0.5 * x * (1 + inner(x)),
    (x) => 0.5 * (1 + inner(x)) + 0.5 * x * (1 - inner(x) ** 2) * c * (1 + 3 * 0.044715 * x * x),
  ],
  quickGelu: [(x) => x * sigmoid(1.702 * x), (x) => sigmoid(1.702 * x) * (1 + 1.702 * x * (1 - sigmoid(1.702 * x)))],
  silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
  sigmoid: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  linear: [(x) => x, () => 1],
}

export function rowOps(s: Storage): Rows {
  return {
    columnSum(out, x) {
      const [y, v] = [s.f(out), s.f(x)]
      for (let e = 0; e < v.length; e++) y[e % y.length] += v[e]
    },
    columnSquares(out, x) {
      const [y, v] = [s.f(out), s.f(x)]
      for (let e = 0; e < v.length; e++) y[e % y.length] += v[e] ** 2
    },
    gatherRows(out, table, rows, scale) {
      const [y, t, index] = [s.f(out), s.values(table), s.cells(rows)]
      const width = y.length / index.length
      for (let e = 0; e < y.length; e++) y[e] = scale * t[index[Math.floor(e / width)] * width + (e % width)]
    },
    scatterAddRows(out, x, rows, rowScale) {
      const [y, v, index] = [s.f(out), s.f(x), s.cells(rows)]
      const width = v.length / index.length
      const scale = rowScale ? s.f(rowScale) : null
      for (let e = 0; e < v.length; e++) {
        const m = Math.floor(e / width)
        y[index[m] * width + (e % width)] += v[e] * (scale ? scale[m] : 1)
      }
    },
    rowDot(out, a, b) {
      const [y, u, v] = [s.f(out).fill(0), s.f(a), s.f(b)]
      const width = u.length / y.length
      for (let e = 0; e < u.length; e++) y[Math.floor(e / width)] += u[e] * v[e]
    },
    copy(out, input, h, accumulate) {
      const [y, v] = [s.cells(out), s.cells(input)]
      for (let r = 0; r < h.rows; r++)
        for (let g = 0; g < h.groups; g++)
          for (let w = 0; w < h.width; w++) {
            const to = r * h.outRow + g * h.outGroup + h.outOffset + w
            const value = v[r * h.inRow + g * h.inGroup + h.inOffset + w]
            y[to] = accumulate ? y[to] + value : value
          }
    },
    activation(out, x, kind) {
      const [y, v, f] = [s.f(out), s.f(x), activations[kind][0]]
      for (let e = 0; e < y.length; e++) y[e] = f(v[e])
    },
    activationBackward(dX, dOut, x, kind) {
      const [d, g, v, f] = [s.f(dX), s.f(dOut), s.f(x), activations[kind][1]]
      for (let e = 0; e < d.length; e++) d[e] = g[e] * f(v[e])
    },
    gated(out, gate, up, kind) {
      const [y, g, u, f] = [s.f(out), s.f(gate), s.f(up), activations[kind][0]]
      for (let e = 0; e < y.length; e++) y[e] = f(g[e]) * u[e]
    },
    gatedBackward(dGate, dUp, dOut, gate, up, kind) {
      const [dg, du, d, g, u, [f, df]] = [s.f(dGate), s.f(dUp), s.f(dOut), s.f(gate), s.f(up), activations[kind]]
      for (let e = 0; e < d.length; e++) {
        const dOutE = d[e]
        dg[e] = dOutE * u[e] * df(g[e])
        du[e] = dOutE * f(g[e])
      }
    },
    add(out, a, b) {
      const [y, u, v] = [s.f(out), s.f(a), s.f(b)]
      for (let e = 0; e < y.length; e++) y[e] = u[e] + v[e]
    },
    addScaled(out, x, alpha) {
      const [y, v] = [s.f(out), s.f(x)]
      for (let e = 0; e < y.length; e++) y[e] += alpha * v[e]
    },
    fill(x, value) {
      s.cells(x).fill(value)
    },
    convert(out, x) {
      s.store(out, s.values(x))
    },
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
