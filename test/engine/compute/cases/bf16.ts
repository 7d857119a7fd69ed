// Products of activations in bf16, for devices that have them: the values are exact, sums are f32.
import { constant, garbage, maker, sums, type OpCase, type Tolerance } from './opCase.ts'

/** [N, O, I]: single elements, primes, and sizes that no pair or tile of a kernel divides. */
const shapes = [
  [1, 1, 1],
  [3, 5, 7],
  [5, 64, 48],
  [13, 67, 33],
  [130, 31, 257],
  // Cut by rows and columns at once.
  [151, 163, 97],
] as const

/** Tolerance of values that were rounded to bf16 on the way. */
const rounded: Tolerance = { ofMax: 2 ** -7 }

const linear = (n: number, o: number, i: number, withBias: boolean): OpCase => {
  const name = `linear of bf16 ${n}×${i}→${o}${withBias ? ' with bias' : ''}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      out: garbage([n, o]),
      input: weight('bf16', [n, i]),
      weight: weight('bf16', [o, i]),
      ...(withBias ? { bias: f32([o]) } : {}),
    },
    run: (k, t) => k.linear(t.out, t.input, t.weight, t.bias ?? null),
    outputs: ['out'],
    tolerance: sums,
  }
}

const backwardInput = (n: number, o: number, i: number, accumulate: boolean): OpCase => {
  const name = `linearBackwardInput of bf16 ${n}×${o}→${i}${accumulate ? ' +=' : ''}`
  const { f32, weight } = maker(name)
  const dInput = accumulate ? f32([n, i]) : garbage([n, i])
  return {
    name,
    tensors: { dInput, dOut: weight('bf16', [n, o]), weight: weight('bf16', [o, i]) },
    run: (k, t) => k.linearBackwardInput(t.dInput, t.dOut, t.weight, accumulate),
    outputs: ['dInput'],
    tolerance: sums,
  }
}

const backwardWeight = (n: number, o: number, i: number): OpCase => {
  const name = `linearBackwardWeight of bf16 ${n}: ${o}×${i}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: { dWeight: f32([o, i]), dOut: weight('bf16', [n, o]), input: weight('bf16', [n, i]) },
    run: (k, t) => k.linearBackwardWeight(t.dWeight, t.dOut, t.input),
    outputs: ['dWeight'],
    tolerance: sums,
  }
}

const loraWeight = (o: number, i: number, rank: number, masked: boolean): OpCase => {
  const name = `loraWeight into bf16 ${o}×${i} rank ${rank}${masked ? ' masked' : ''}`
  const { f32, weight, mask } = maker(name)
  return {
    name,
    tensors: {
      out: weight('bf16', [o, i]),
      weight: weight('bf16', [o, i]),
      a: f32([rank, i]),
      b: f32([o, rank]),
      ...(masked ? { mask: mask(o, i) } : {}),
    },
    run: (k, t) => k.loraWeight(t.out, t.weight, t.mask ?? null, t.a, t.b, 0.75),
    outputs: ['out'],
    // Bits: a sum in another order may round to the neighbour.
    tolerance: { absolute: 1 },
  }
}

const loraBackward = (n: number, o: number, i: number, rank: number, masked: boolean): OpCase => {
  const name = `loraBackward of bf16 ${n}: ${o}×${i} rank ${rank}${masked ? ' masked' : ''}`
  const { f32, weight, mask } = maker(name)
  return {
    name,
    tensors: {
      dA: f32([rank, i]),
      dB: f32([o, rank]),
      dOut: weight('bf16', [n, o]),
      input: weight('bf16', [n, i]),
      a: f32([rank, i]),
      b: f32([o, rank]),
      ...(masked ? { mask: mask(o, i) } : {}),
    },
    run: (k, t) => k.loraBackward(t.dA, t.dB, t.dOut, t.input, t.mask ?? null, t.a, t.b, 0.75),
    outputs: ['dA', 'dB'],
    tolerance: masked ? sums : rounded,
  }
}

const scaleWeight = (o: number, i: number): OpCase => {
  const name = `scaleWeight into bf16 ${o}×${i}`
  const { f32, weight } = maker(name)
  const out = weight('bf16', [o, i])
  return {
    name,
    tensors: { out, weight: weight('bf16', [o, i]), row: f32([o]), column: f32([i]) },
    run: (k, t) => k.scaleWeight(t.out, t.weight, t.row, t.column, 1.5),
    outputs: ['out'],
    tolerance: { absolute: 1 },
  }
}

const scaleBackward = (n: number, o: number, i: number): OpCase => {
  const name = `scaleBackward of bf16 ${n}: ${o}×${i}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      dRow: f32([o]),
      dColumn: constant([i], 1),
      dOut: weight('bf16', [n, o]),
      input: weight('bf16', [n, i]),
      weight: weight('bf16', [o, i]),
      row: f32([o]),
      column: f32([i]),
    },
    run: (k, t) => k.scaleBackward(t.dRow, t.dColumn, t.dOut, t.input, t.weight, t.row, t.column, 1.5),
    outputs: ['dRow', 'dColumn'],
    tolerance: sums,
  }
}

/** Results that only products read, into bf16. */
const narrow = (n: number, c: number): OpCase[] => {
  const { f32, weight } = maker(`narrow ${n}×${c}`)
  const out = weight('bf16', [n, c])
  const rows = { out, mean: garbage([n]), rstd: garbage([n]), x: f32([n, c], 2), weight: f32([c]), bias: f32([c]) }
  const matrices = { out, x: f32([n, c], 3), up: f32([n, c]) }
  const kinds = ['relu', 'gelu', 'geluTanh', 'silu', 'tanh'] as const
  const base = { outputs: ['out'], tolerance: rounded }
  return [
    {
      ...{ ...base, name: `layerNorm into bf16 ${n}×${c}`, tensors: rows, outputs: ['out', 'mean', 'rstd'] },
      run: (k, t) => k.layerNorm(t.out, t.mean, t.rstd, t.x, t.weight, t.bias, 1e-5),
    },
    {
      ...{ ...base, name: `rmsNorm into bf16 ${n}×${c}`, tensors: rows, outputs: ['out', 'rstd'] },
      run: (k, t) => k.rmsNorm(t.out, t.rstd, t.x, t.weight, 1e-6, 1),
    },
    ...kinds.flatMap((kind): OpCase[] => [
      {
        ...{ ...base, name: `activation ${kind} into bf16 ${n}×${c}`, tensors: matrices },
        run: (k, t) => k.activation(t.out, t.x, kind),
      },
      {
        ...{ ...base, name: `gated ${kind} into bf16 ${n}×${c}`, tensors: matrices },
        run: (k, t) => k.gated(t.out, t.x, t.up, kind),
      },
    ]),
  ]
}

export const bf16Cases: readonly OpCase[] = shapes.flatMap(([n, o, i]) => [
  ...[true, false].flatMap((flag) => [
    linear(n, o, i, flag),
    backwardInput(n, o, i, flag),
    loraWeight(o, i, 3, flag),
    loraBackward(n, o, i, 3, flag),
  ]),
  backwardWeight(n, o, i),
  scaleWeight(o, i),
  scaleBackward(n, o, i),
  ...narrow(n, i),
])
