// Elementwise operations, in f64 loops.
import type { Kernels } from '../../../src/engine/compute/kernels.ts'
import { activations } from './activations.ts'
import type { Storage } from './storage.ts'

type Elementwise = Pick<
  Kernels,
  'activation' | 'activationBackward' | 'gated' | 'gatedBackward' | 'add' | 'addScaled' | 'fill' | 'convert'
>

export function elementwise(s: Storage): Elementwise {
  return {
    activation(out, x, kind) {
      const [v, f] = [s.f(x), activations[kind][0]]
      s.write(out, (y) => v.forEach((value, e) => (y[e] = f(value))))
    },
    activationBackward(dX, dOut, x, kind) {
      const [d, g, v, f] = [s.f(dX), s.f(dOut), s.f(x), activations[kind][1]]
      for (let e = 0; e < d.length; e++) d[e] = g[e] * f(v[e])
    },
    gated(out, gate, up, kind) {
      const [g, u, f] = [s.f(gate), s.f(up), activations[kind][0]]
      s.write(out, (y) => g.forEach((value, e) => (y[e] = f(value) * u[e])))
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
      s.store(x, new Float64Array(x.length).fill(value))
    },
    convert(out, x) {
      s.store(out, s.values(x))
    },
  }
}
