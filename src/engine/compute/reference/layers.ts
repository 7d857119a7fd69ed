// Norms, rotary positions and attention, in f64 loops.
import type { AttentionShape, Kernels } from '../kernels.ts'
import type { Storage } from './storage.ts'

type Layers = Pick<
  Kernels,
  'layerNorm' | 'layerNormBackward' | 'rmsNorm' | 'rmsNormBackward' | 'rope' | 'attention' | 'attentionBackward'
>

/** Visits every (query row, key row) pair that attends, head by head, with its score. */
function eachQuery(
  q: Float64Array,
  k: Float64Array,
  keyMask: ArrayLike<number> | null,
  h: AttentionShape,
  visit: (row: number, head: number, keys: number[], scores: number[]) => void,
): void {
  const { batch, seqLen, numHeads, numKvHeads, headDim, scale, window } = h
  for (let b = 0; b < batch; b++)
    for (let head = 0; head < numHeads; head++)
      for (let t = 0; t < seqLen; t++) {
        const row = b * seqLen + t
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        const keys: number[] = []
        const scores: number[] = []
        for (let u = window > 0 ? Math.max(0, t - window + 1) : 0; u <= t; u++) {
          const key = b * seqLen + u
          if (keyMask && !keyMask[key]) continue
          let dot = 0
          for (let d = 0; d < headDim; d++)
            dot += q[(row * numHeads + head) * headDim + d] * k[(key * numKvHeads + kvHead) * headDim + d]
          keys.push(key)
          scores.push(dot * scale)
        }
        visit(row, head, keys, scores)
      }
}

export function layers(s: Storage): Layers {
  return {
    layerNorm(out, mean, rstd, x, weight, bias, eps) {
      const [y, mu, r, v] = [s.f(out), s.f(mean), s.f(rstd), s.f(x)]
      const [w, b] = [weight && s.f(weight), bias && s.f(bias)]
      const c = v.length / mu.length
      for (let n = 0; n < mu.length; n++) {
        const row = v.subarray(n * c, (n + 1) * c)
        mu[n] = row.reduce((a, e) => a + e, 0) / c
        r[n] = 1 / Math.sqrt(row.reduce((a, e) => a + (e - mu[n]) ** 2, 0) / c + eps)
        for (let i = 0; i < c; i++) y[n * c + i] = (row[i] - mu[n]) * r[n] * (w ? w[i] : 1) + (b ? b[i] : 0)
      }
    },
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight) {
      const [d, g, v, mu, r, w] = [s.f(dX), s.f(dOut), s.f(x), s.f(mean), s.f(rstd), weight && s.f(weight)]
      const [dw, db] = [dWeight && s.f(dWeight), dBias && s.f(dBias)]
      const c = v.length / mu.length
      for (let n = 0; n < mu.length; n++) {
        let [sum, sumHat] = [0, 0]
        for (let i = 0; i < c; i++) {
          const hat = (v[n * c + i] - mu[n]) * r[n]
          const dHat = g[n * c + i] * (w ? w[i] : 1)
          sum += dHat
          sumHat += dHat * hat
          if (dw) dw[i] += g[n * c + i] * hat
          if (db) db[i] += g[n * c + i]
        }
        for (let i = 0; i < c; i++) {
          const hat = (v[n * c + i] - mu[n]) * r[n]
          d[n * c + i] = r[n] * (g[n * c + i] * (w ? w[i] : 1) - sum / c - (hat * sumHat) / c)
        }
      }
    },
    rmsNorm(out, rstd, x, weight, eps, unitOffset) {
      const [y, r, v, w] = [s.f(out), s.f(rstd), s.f(x), s.f(weight)]
      const c = v.length / r.length
      for (let n = 0; n < r.length; n++) {
        const row = v.subarray(n * c, (n + 1) * c)
        r[n] = 1 / Math.sqrt(row.reduce((a, e) => a + e * e, 0) / c + eps)
        for (let i = 0; i < c; i++) y[n * c + i] = row[i] * r[n] * (w[i] + unitOffset)
      }
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset) {
      const [d, g, v, r, w, dw] = [s.f(dX), s.f(dOut), s.f(x), s.f(rstd), s.f(weight), dWeight && s.f(dWeight)]
      const c = v.length / r.length
      for (let n = 0; n < r.length; n++) {
        let sum = 0
        for (let i = 0; i < c; i++) {
          sum += g[n * c + i] * (w[i] + unitOffset) * v[n * c + i] * r[n]
          if (dw) dw[i] += g[n * c + i] * v[n * c + i] * r[n]
        }
        for (let i = 0; i < c; i++)
          d[n * c + i] = r[n] * (g[n * c + i] * (w[i] + unitOffset) - (v[n * c + i] * r[n] * sum) / c)
      }
    },
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const [v, co, si] = [s.f(x), s.f(cos), s.f(sin)]
      const half = rotaryDim / 2
      const sign = inverse ? -1 : 1
      for (let base = 0; base < v.length; base += headDim) {
        const t = Math.floor(base / (numHeads * headDim)) % seqLen
        for (let i = 0; i < half; i++) {
          const [a, b] = [v[base + i], v[base + i + half]]
          const [cs, sn] = [co[t * half + i], sign * si[t * half + i]]
          v[base + i] = a * cs - b * sn
          v[base + i + half] = b * cs + a * sn
        }
      }
    },
    attention(out, logSum, q, k, v, keyMask, shape) {
      const { numHeads, numKvHeads, headDim } = shape
      const [y, ls, vv] = [s.f(out).fill(0), s.f(logSum), s.f(v)]
      eachQuery(s.f(q), s.f(k), keyMask && s.cells(keyMask), shape, (row, head, keys, scores) => {
        const top = Math.max(...scores)
        const sum = scores.reduce((a, x) => a + Math.exp(x - top), 0)
        ls[row * numHeads + head] = keys.length ? top + Math.log(sum) : 0
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        keys.forEach((key, j) => {
          const p = Math.exp(scores[j] - top) / sum
          for (let d = 0; d < headDim; d++)
            y[(row * numHeads + head) * headDim + d] += p * vv[(key * numKvHeads + kvHead) * headDim + d]
        })
      })
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const { numHeads, numKvHeads, headDim, scale } = shape
      const [dq, dk, dv] = [s.f(dQ).fill(0), s.f(dK).fill(0), s.f(dV).fill(0)]
      const [g, y, ls, qv, kv, vv] = [s.f(dOut), s.f(out), s.f(logSum), s.f(q), s.f(k), s.f(v)]
      eachQuery(qv, kv, keyMask && s.cells(keyMask), shape, (row, head, keys, scores) => {
        const at = (row * numHeads + head) * headDim
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        let delta = 0
        for (let d = 0; d < headDim; d++) delta += g[at + d] * y[at + d]
        keys.forEach((key, j) => {
          const from = (key * numKvHeads + kvHead) * headDim
          const p = Math.exp(scores[j] - ls[row * numHeads + head])
          let dp = 0
          for (let d = 0; d < headDim; d++) {
            dv[from + d] += p * g[at + d]
            dp += g[at + d] * vv[from + d]
          }
          const ds = p * (dp - delta) * scale
          for (let d = 0; d < headDim; d++) {
            dq[at + d] += ds * kv[from + d]
            dk[from + d] += ds * qv[at + d]
          }
        })
      })
    },
  }
}
