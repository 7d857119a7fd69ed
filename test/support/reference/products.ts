// Matrix products and adapters, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Storage } from './storage.ts'

type Products = Pick<
  Kernels,
  | 'linear'
  | 'linears'
  | 'linearBackwardInput'
  | 'linearBackwardWeight'
  | 'gemm'
  | 'gram'
  | 'loraWeight'
  | 'loraBackward'
  | 'scaleWeight'
  | 'scaleBackward'
  | 'applyMask'
>

/** out[M,N] = alpha·op(a)·op(b) + beta·out with a stored [M,K] (or [K,M] when transposed), b likewise. */
function multiply(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  [m, n, k]: [number, number, number],
  { transA = false, transB = false, alpha = 1, beta = 0 },
): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let p = 0; p < k; p++) sum += a[transA ? p * m + i : i * k + p] * b[transB ? j * k + p : p * n + j]
      out[i * n + j] = alpha * sum + (beta ? out[i * n + j] : 0)
    }
}

function linearOf(s: Storage): Kernels['linear'] {
  return (out, input, weight, bias) => {
    const [o, i] = weight.shape
    const n = input.length / i
    const y = s.f(out)
    multiply(y, s.values(input), s.values(weight), [n, o, i], { transB: true })
    if (bias) {
      const b = s.f(bias)
      for (let r = 0; r < n; r++) for (let c = 0; c < o; c++) y[r * o + c] += b[c]
    }
  }
}

export function products(s: Storage): Products {
  const weightGradient = (o: number, i: number, dOut: Float64Array, input: Float64Array) => {
    const g = new Float64Array(o * i)
    multiply(g, dOut, input, [o, i, dOut.length / o], { transA: true })
    return g
  }
  const linear = linearOf(s)
  return {
    linear,
    linears: (outs, input, weights, biases) =>
      weights.forEach((weight, k) => linear(outs[k], input, weight, biases[k])),
    linearBackwardInput(dInput, dOut, weight, accumulate) {
      const [o, i] = weight.shape
      multiply(s.f(dInput), s.values(dOut), s.values(weight), [dOut.length / o, i, o], { beta: accumulate ? 1 : 0 })
    },
    linearBackwardWeight(dWeight, dOut, input) {
      const [o, i] = dWeight.shape
      multiply(s.f(dWeight), s.values(dOut), s.values(input), [o, i, dOut.length / o], { transA: true, beta: 1 })
    },
    gemm(out, a, b, options) {
      const [m, n] = out.shape
      multiply(s.f(out), s.f(a), s.f(b), [m, n, a.length / m], options)
    },
    gram(out, input, alpha) {
      const i = out.shape[0]
      const x = s.f(input)
      multiply(s.f(out), x, x, [i, i, x.length / i], { transA: true, alpha, beta: 1 })
    },
    loraWeight(out, weight, mask, a, b, scale) {
      const [o, i] = weight.shape
      const delta = new Float64Array(o * i)
      multiply(delta, s.f(b), s.f(a), [o, i, a.shape[0]], {})
      const keep = s.mask(mask, o, i)
      const w = s.values(weight)
      s.store(
        out,
        w.map((x, e) => x + scale * delta[e] * keep[e]),
      )
    },
    loraBackward(dA, dB, dOut, input, mask, a, b, scale) {
      const [o, r] = b.shape
      const i = a.shape[1]
      const g = weightGradient(o, i, s.values(dOut), s.values(input))
      const keep = s.mask(mask, o, i)
      for (let e = 0; e < g.length; e++) g[e] *= keep[e]
      multiply(s.f(dA), s.f(b), g, [r, i, o], { transA: true, alpha: scale, beta: 1 })
      multiply(s.f(dB), g, s.f(a), [o, r, i], { transB: true, alpha: scale, beta: 1 })
    },
    scaleWeight(out, weight, row, column, factor) {
      const i = weight.shape[1]
      const [w, u, v] = [s.values(weight), s.f(row), s.f(column)]
      s.store(
        out,
        w.map((x, e) => factor * u[Math.floor(e / i)] * v[e % i] * x),
      )
    },
    scaleBackward(dRow, dColumn, dOut, input, weight, row, column, factor) {
      const [o, i] = weight.shape
      const g = weightGradient(o, i, s.values(dOut), s.values(input))
      const [w, u, v, du, dv] = [s.values(weight), s.f(row), s.f(column), s.f(dRow), s.f(dColumn)]
      for (let e = 0; e < g.length; e++) {
        const [r, c] = [Math.floor(e / i), e % i]
        du[r] += factor * g[e] * w[e] * v[c]
        dv[c] += factor * g[e] * w[e] * u[r]
      }
    },
    applyMask(x, mask) {
      const columns = x.shape[x.shape.length - 1]
      const keep = s.mask(mask, x.length / columns, columns)
      const cells = s.cells(x)
      for (let e = 0; e < cells.length; e++) if (!keep[e]) cells[e] = 0
    },
  }
}
