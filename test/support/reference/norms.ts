// LayerNorm and RMSNorm, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Storage } from './storage.ts'

type Norms = Pick<Kernels, 'layerNorm' | 'layerNormBackward' | 'rmsNorm' | 'rmsNormBackward'>

export function norms(s: Storage): Norms {
  return {
    layerNorm(out, mean, rstd, x, weight, bias, eps) {
      const [mu, r, v] = [s.f(mean), s.f(rstd), s.f(x)]
      const [w, b] = [weight && s.f(weight), bias && s.f(bias)]
      const c = v.length / mu.length
      for (let n = 0; n < mu.length; n++) {
        const row = v.subarray(n * c, (n + 1) * c)
        mu[n] = row.reduce((a, e) => a + e, 0) / c
        r[n] = 1 / Math.sqrt(row.reduce((a, e) => a + (e - mu[n]) ** 2, 0) / c + eps)
      }
      s.write(out, (y) =>
        v.forEach((value, e) => {
          const [n, i] = [Math.floor(e / c), e % c]
          y[e] = (value - mu[n]) * r[n] * (w ? w[i] : 1) + (b ? b[i] : 0)
        }),
      )
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
      const [r, v, w] = [s.f(rstd), s.f(x), s.f(weight)]
      const c = v.length / r.length
      for (let n = 0; n < r.length; n++) {
        const row = v.subarray(n * c, (n + 1) * c)
        r[n] = 1 / Math.sqrt(row.reduce((a, e) => a + e * e, 0) / c + eps)
      }
      s.write(out, (y) => v.forEach((value, e) => (y[e] = value * r[Math.floor(e / c)] * (w[e % c] + unitOffset))))
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
  }
}
