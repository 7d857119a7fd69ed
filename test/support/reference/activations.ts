// Activations and their derivatives in f64.
import type { Activation } from '../../../src/engine/compute/kernels.ts'

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
