// Activations over their whole range, arithmetic, conversions.
import type { Activation } from '../../../../src/engine/compute/kernels.ts'
import type { DType } from '../../../../src/engine/dtype.ts'
import { exact, garbage, given, maker, roundings, type HostTensor, type OpCase, type Tolerance } from './opCase.ts'

export const activationKinds: Activation[] = [
  ...(['relu', 'relu6', 'relu2', 'leakyRelu', 'gelu', 'gelu10'] as const),
  ...(['geluTanh', 'quickGelu', 'silu', 'sigmoid', 'tanh', 'linear'] as const),
]

/** exp, tanh and erf of their own, each within about 1e-6. */
const curves: Tolerance = { relative: 2e-6, absolute: 1e-6 }

/** Dense around 0, then far out on both sides; a prime number of values. */
const sweep = (): HostTensor => {
  const values = Array.from({ length: 2003 }, (_, i) => ((i - 1001) / 1001) ** 3 * 100)
  return given([values.length], values)
}

const activation = (kind: Activation): OpCase => ({
  name: `activation ${kind}`,
  tensors: { out: garbage([2003]), x: sweep() },
  run: (k, t) => k.activation(t.out, t.x, kind),
  outputs: ['out'],
  tolerance: curves,
})

const activationBackward = (kind: Activation): OpCase => ({
  name: `activationBackward ${kind}`,
  tensors: { dX: garbage([2003]), dOut: maker(kind).f32([2003]), x: sweep() },
  run: (k, t) => k.activationBackward(t.dX, t.dOut, t.x, kind),
  outputs: ['dX'],
  tolerance: { relative: 2e-6, absolute: 4e-6 },
})

const inPlace: OpCase = {
  name: 'activationBackward in place',
  tensors: { dOut: maker('in place').f32([131]), x: maker('in place x').f32([131]) },
  run: (k, t) => k.activationBackward(t.dOut, t.dOut, t.x, 'silu'),
  outputs: ['dOut'],
  tolerance: curves,
}

const gated = (kind: Activation, length: number): OpCase => {
  const { f32 } = maker(`gated ${kind}`)
  return {
    name: `gated ${kind} of ${length}`,
    tensors: { out: garbage([length]), gate: f32([length], 3), up: f32([length]) },
    run: (k, t) => k.gated(t.out, t.gate, t.up, kind),
    outputs: ['out'],
    tolerance: { relative: 2e-6, absolute: 2e-6 },
  }
}

const gatedBackward = (kind: Activation, length: number): OpCase => {
  const { f32 } = maker(`gatedBackward ${kind}`)
  const inputs = { dOut: f32([length]), gate: f32([length], 3), up: f32([length]) }
  return {
    name: `gatedBackward ${kind} of ${length}`,
    tensors: { dGate: garbage([length]), dUp: garbage([length]), ...inputs },
    run: (k, t) => k.gatedBackward(t.dGate, t.dUp, t.dOut, t.gate, t.up, kind),
    outputs: ['dGate', 'dUp'],
    tolerance: { relative: 2e-6, absolute: 8e-6 },
  }
}

const arithmetic = (length: number): OpCase[] => {
  const { f32 } = maker(`arithmetic ${length}`)
  const [a, b] = [f32([length]), f32([length])]
  return [
    {
      name: `add ${length}`,
      tensors: { out: garbage([length]), a, b },
      run: (k, t) => k.add(t.out, t.a, t.b),
      outputs: ['out'],
      tolerance: roundings,
    },
    {
      name: `addScaled ${length}`,
      tensors: { out: a, x: b },
      run: (k, t) => k.addScaled(t.out, t.x, -0.3),
      outputs: ['out'],
      tolerance: { absolute: 1e-6 },
    },
    {
      name: `fill ${length}`,
      tensors: {
        x: garbage([length]),
        n: { dtype: 'i32', shape: [length], data: new Int32Array(length) },
        b: { dtype: 'bf16', shape: [length], data: new Uint16Array(length) },
        h: { dtype: 'f16', shape: [length], data: new Uint16Array(length) },
      },
      run: (k, t) => {
        k.fill(t.x, -2.5)
        k.fill(t.n, -3)
        k.fill(t.b, 1.5)
        k.fill(t.h, -0.1)
      },
      outputs: ['x', 'n', 'b', 'h'],
      tolerance: exact,
    },
  ]
}

/** Ties, subnormals, overflow, infinities: where rounding to 16 bits goes wrong. */
const hardToRound = [
  ...[0, -0, 1, -1, 1 + 2 ** -9, 1 + 3 * 2 ** -9, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -12, 65504, 65519, 65520],
  ...[
    -65536,
    1e30,
    -1e30,
    Infinity,
    -Infinity,
    NaN,
    2 ** -14,
    2 ** -15,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    -(2 ** -26),
  ],
  ...[3 * 2 ** -25, 5 * 2 ** -25, 2 ** -14 - 2 ** -25, 2 ** -14 - 2 ** -26, 3.3895e38, -1e-40, 0.1, -0.3, 1000.5],
]

const all16BitPatterns = (dtype: DType): HostTensor => ({
  dtype,
  shape: [65536],
  data: Uint16Array.from({ length: 65536 }, (_, i) => i),
})

const convert = (name: string, from: HostTensor, dtype: DType): OpCase => {
  const length = from.data.length
  const data = dtype === 'f32' ? new Float32Array(length) : new Uint16Array(length)
  return {
    name,
    tensors: { out: { dtype, shape: [length], data }, x: from },
    run: (k, t) => k.convert(t.out, t.x),
    outputs: ['out'],
    tolerance: exact,
  }
}

const conversions: OpCase[] = (['bf16', 'f16'] as const).flatMap((dtype) => [
  convert(`convert f32 to ${dtype}`, given([hardToRound.length], hardToRound), dtype),
  convert(`convert many f32 to ${dtype}`, maker(dtype).f32([40001], 30), dtype),
  convert(`convert every ${dtype} to f32`, all16BitPatterns(dtype), 'f32'),
])

export const elementwiseCases: OpCase[] = [
  ...activationKinds.flatMap((kind) => [activation(kind), activationBackward(kind)]),
  inPlace,
  ...(['silu', 'geluTanh', 'gelu', 'relu'] as const).flatMap((kind) => [gated(kind, 37), gatedBackward(kind, 38)]),
  gated('silu', 40003),
  gatedBackward('silu', 40003),
  ...[1, 3, 4, 17, 40001].flatMap(arithmetic),
  ...conversions,
]
