// linear and its backwards, gemm, gram.
import type { DType } from '../../../../src/engine/dtype.ts'
import type { Activation } from '../../../../src/engine/compute/kernels.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import { garbage, maker, partsOf, sums, type OpCase } from './opCase.ts'

/** [N, O, I]: single elements, primes, and sizes that no vector width or tile divides. */
const shapes = [
  [1, 1, 1],
  [1, 7, 5],
  [1, 67, 33],
  [1, 40, 72],
  [3, 5, 7],
  [5, 64, 48],
  [13, 67, 33],
  // Whole vectors, but whole tiles of no shader.
  [21, 40, 72],
  [37, 130, 129],
  [130, 31, 257],
] as const

const dtypes: DType[] = ['f32', 'bf16', 'f16']

const linear = (n: number, o: number, i: number, dtype: DType, withBias: boolean): OpCase => {
  const name = `linear ${n}×${i}→${o} ${dtype}${withBias ? ' with bias' : ''}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      out: garbage([n, o]),
      input: f32([n, i]),
      weight: weight(dtype, [o, i]),
      ...(withBias ? { bias: f32([o]) } : {}),
    },
    run: (k, t) => k.linear(t.out, t.input, t.weight, t.bias ?? null),
    outputs: ['out'],
    tolerance: sums,
  }
}

const linearAdded = (n: number, o: number, i: number, dtype: DType): OpCase => {
  const name = `linear ${n}×${i}→${o} ${dtype} with a residual`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      out: garbage([n, o]),
      input: f32([n, i]),
      weight: weight(dtype, [o, i]),
      bias: f32([o]),
      residual: f32([n, o]),
    },
    run: (k, t) => k.linear(t.out, t.input, t.weight, t.bias, t.residual),
    outputs: ['out'],
    tolerance: sums,
  }
}

/** Three of them, each of another type, on one input. */
const linears = (n: number, i: number, ...outs: [number, number, number]): OpCase => {
  const name = `linears ${n}×${i}→${outs.join(', ')}`
  const { f32, weight } = maker(name)
  const tensors = outs.map((o, k) => ({ [`out${k}`]: garbage([n, o]), [`weight${k}`]: weight(dtypes[k], [o, i]) }))
  return {
    name,
    tensors: Object.assign({ input: f32([n, i]), bias: f32([outs[1]]) }, ...tensors) as OpCase['tensors'],
    run: (k, t) =>
      k.linears([t.out0, t.out1, t.out2], t.input, [t.weight0, t.weight1, t.weight2], [null, t.bias, null]),
    outputs: ['out0', 'out1', 'out2'],
    tolerance: sums,
  }
}

/** Products of one row and one type without biases, as in decoding. */
const linearsAlike = (i: number, dtype: DType, ...outs: number[]): OpCase => {
  const name = `linears 1×${i}→${outs.join(', ')} alike ${dtype}`
  const { f32, weight } = maker(name)
  const tensors = outs.map((o, k) => ({ [`out${k}`]: garbage([1, o]), [`weight${k}`]: weight(dtype, [o, i]) }))
  const names = (start: string) => outs.map((_, k) => `${start}${k}`)
  return {
    name,
    tensors: Object.assign({ input: f32([1, i]) }, ...tensors) as OpCase['tensors'],
    run: (k, t) =>
      k.linears(
        names('out').map((out) => t[out]),
        t.input,
        names('weight').map((of) => t[of]),
        outs.map(() => null),
      ),
    outputs: names('out'),
    tolerance: sums,
  }
}

/** Three linears of one shape in one tensor, as queries, keys and values are in training; `uneven`: not at equal distances. */
const sideBySide = (n: number, o: number, i: number, dtype: DType, uneven = false): OpCase => {
  const name = `linears ${n}×${i}→3 of ${o} alike side by side ${dtype}${uneven ? ', in another order' : ''}`
  const { f32, weight } = maker(name)
  const order = (tensors: readonly Tensor[]) => (uneven ? [tensors[0], tensors[2], tensors[1]] : tensors)
  return {
    name,
    tensors: { out: garbage([3, n, o]), input: f32([n, i]), weight: weight(dtype, [3, o, i]), bias: f32([3, o]) },
    run: (k, t) => {
      const [outs, weights, biases] = [t.out, t.weight, t.bias].map((tensor) => partsOf(tensor, 3))
      k.linears(order(outs), t.input, weights, biases)
    },
    outputs: ['out'],
    tolerance: sums,
  }
}

/** With the slope of an activation at x. */
const backwardSloped = (n: number, o: number, i: number, dtype: DType, kind: Activation): OpCase => {
  const base = backwardInput(n, o, i, dtype, false)
  const name = `linearBackwardInput ${n}×${o}→${i} ${dtype} alike with the slope of ${kind}`
  return {
    ...base,
    name,
    tensors: { ...base.tensors, x: maker(name).f32([n, i]) },
    run: (k, t) => k.linearBackwardInput(t.dInput, t.dOut, t.weight, false, { x: t.x, kind }),
  }
}

/** Their backward: one gradient of what all of them read. */
const backwardInputs = (n: number, o: number, i: number, dtype: DType, count = 3): OpCase => {
  const name = `linearsBackwardInput ${n}×${count} of ${o}→${i} alike ${dtype}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: { dInput: garbage([n, i]), dOut: f32([count, n, o]), weight: weight(dtype, [count, o, i]) },
    run: (k, t) => k.linearsBackwardInput(t.dInput, partsOf(t.dOut, count), partsOf(t.weight, count)),
    outputs: ['dInput'],
    tolerance: sums,
  }
}

const gatedLinears = (i: number, o: number, dtype: DType, withBias: boolean): OpCase => {
  const name = `gatedLinears ${i}→${o} ${dtype}${withBias ? ' with bias' : ''}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      ...{ out: garbage([1, o]), factor0: garbage([1, o]), factor1: garbage([1, o]), input: f32([1, i]) },
      ...{ gate: weight(dtype, [o, i]), up: weight(dtype, [o, i]), ...(withBias ? { bias: f32([o]) } : {}) },
    },
    run: (k, t) =>
      k.gatedLinears(
        ...([t.out, [t.factor0, t.factor1], t.input, [t.gate, t.up], [t.bias ?? null, null], 'silu'] as const),
      ),
    outputs: ['out'],
    used: ['factor0', 'factor1'],
    tolerance: sums,
  }
}

const backwardInput = (n: number, o: number, i: number, dtype: DType, accumulate: boolean): OpCase => {
  const name = `linearBackwardInput ${n}×${o}→${i} ${dtype}${accumulate ? ' +=' : ''}`
  const { f32, weight } = maker(name)
  return {
    name,
    tensors: {
      dInput: accumulate ? f32([n, i]) : garbage([n, i]),
      dOut: f32([n, o]),
      weight: weight(dtype, [o, i]),
    },
    run: (k, t) => k.linearBackwardInput(t.dInput, t.dOut, t.weight, accumulate),
    outputs: ['dInput'],
    tolerance: sums,
  }
}

const backwardWeight = (n: number, o: number, i: number): OpCase => {
  const name = `linearBackwardWeight ${n}: ${o}×${i}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: { dWeight: f32([o, i]), dOut: f32([n, o]), input: f32([n, i]) },
    run: (k, t) => k.linearBackwardWeight(t.dWeight, t.dOut, t.input),
    outputs: ['dWeight'],
    tolerance: sums,
  }
}

const gemm = (
  m: number,
  n: number,
  k: number,
  transA: boolean,
  transB: boolean,
  alpha: number,
  beta: 0 | 1,
): OpCase => {
  const name = `gemm ${m}×${n}×${k}${transA ? ' aᵀ' : ''}${transB ? ' bᵀ' : ''} alpha ${alpha} beta ${beta}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      out: beta ? f32([m, n]) : garbage([m, n]),
      a: f32(transA ? [k, m] : [m, k]),
      b: f32(transB ? [n, k] : [k, n]),
    },
    run: (kernels, t) => kernels.gemm(t.out, t.a, t.b, { transA, transB, alpha, beta }),
    outputs: ['out'],
    tolerance: sums,
  }
}

const gram = (n: number, i: number, alpha: number): OpCase => {
  const name = `gram ${n}×${i}`
  const { f32 } = maker(name)
  const start = f32([i, i])
  for (let r = 0; r < i; r++) for (let c = 0; c < r; c++) start.data[c * i + r] = start.data[r * i + c]
  return {
    name,
    tensors: { out: start, input: f32([n, i]) },
    run: (k, t) => k.gram(t.out, t.input, alpha),
    outputs: ['out'],
    tolerance: sums,
  }
}

const gramOfUpper = (n: number): OpCase => {
  const plain = gram(n, n, 1)
  const { data } = plain.tensors['input']
  for (let r = 0; r < n; r++) data.fill(0, r * n, r * n + r)
  return { ...plain, name: `gram of an upper triangle ${n}`, run: (k, t) => k.gram(t.out, t.input, 1, true) }
}

/** [N, O] of products that are narrow either way, for tiles of each width. */
const narrow = [
  [132, 8],
  [132, 12],
  [132, 28],
  [132, 60],
  [8, 132],
  [12, 132],
  [60, 132],
] as const

export const productCases: OpCase[] = [
  ...shapes.flatMap(([n, o, i]) =>
    dtypes.flatMap((dtype) => [true, false].map((bias) => linear(n, o, i, dtype, bias))),
  ),
  // One row and few, whole vectors and not, and a sum of parts.
  ...dtypes.flatMap((dtype) => [1, 3, 21].map((n) => linearAdded(n, 40, 72, dtype))),
  linearAdded(37, 130, 129, 'f32'),
  linearAdded(96, 20, 2560, 'f32'),
  linears(1, 5, 3, 1, 7),
  linears(3, 33, 67, 5, 40),
  ...dtypes.map((dtype) => sideBySide(21, 72, 40, dtype)),
  sideBySide(132, 68, 36, 'f32'),
  sideBySide(132, 68, 36, 'f32', true),
  sideBySide(13, 67, 33, 'f32'),
  ...dtypes.map((dtype) => backwardInputs(132, 68, 36, dtype)),
  backwardInputs(13, 67, 33, 'f32'),
  backwardSloped(132, 68, 36, 'f32', 'geluTanh'),
  backwardSloped(13, 67, 33, 'f32', 'relu'),
  backwardSloped(21, 72, 40, 'bf16', 'relu'),
  backwardSloped(20, 2560, 40, 'f32', 'gelu'),
  backwardInputs(20, 36, 72, 'f32', 2),
  ...dtypes.flatMap((dtype) => [linearsAlike(600, dtype, 33, 8, 70), linearsAlike(72, dtype, 7, 40)]),
  ...dtypes.map((dtype) => gatedLinears(600, 33, dtype, false)),
  gatedLinears(600, 33, 'f32', true),
  gatedLinears(37, 8, 'bf16', false),
  // Rows as vectors of 16 bytes, and one more or one less than a workgroup takes.
  ...dtypes.flatMap((dtype) => [2, 3, 4].map((n) => linear(n, 21, 1040, dtype, true))),
  // Chunks that end in the middle of one and hold the end of one and the beginning of the next.
  linears(1, 300, 201, 90, 131),
  // More columns than one unpacked group of rows, both ways round.
  linear(4, 1100, 300, 'bf16', true),
  linear(600, 40, 96, 'f16', true),
  // Cut by rows and columns at once, with the last pieces smaller.
  ...dtypes.flatMap((dtype) => [linear(151, 163, 97, dtype, true), backwardInput(151, 97, 163, dtype, true)]),
  backwardWeight(97, 151, 163),
  // Whole vectors that end in the middle of a tile, and few outputs of a long sum.
  ...dtypes.flatMap((dtype) => [linear(132, 260, 68, dtype, true), backwardInput(132, 68, 260, dtype, true)]),
  backwardWeight(68, 132, 260),
  linear(12, 20, 2560, 'bf16', true),
  backwardWeight(2048, 20, 36),
  ...narrow.flatMap(([n, o]) => dtypes.map((dtype) => linear(n, o, 132, dtype, true))),
  backwardInput(132, 132, 12, 'bf16', true),
  backwardInput(12, 132, 132, 'f16', false),
  // Narrow, and so deep that it is a sum of parts.
  linear(36, 20, 4096, 'f32', true),
  ...shapes.flatMap(([n, o, i]) =>
    dtypes.flatMap((dtype) => [true, false].map((add) => backwardInput(n, o, i, dtype, add))),
  ),
  backwardInput(4, 1100, 300, 'bf16', false),
  backwardInput(600, 40, 96, 'f16', true),
  ...shapes.map(([n, o, i]) => backwardWeight(n, o, i)),
  ...[false, true].flatMap((transA) =>
    [false, true].flatMap((transB) => [
      gemm(1, 1, 1, transA, transB, 1, 0),
      gemm(7, 13, 5, transA, transB, 1, 1),
      gemm(66, 70, 300, transA, transB, -0.5, 0),
      gemm(129, 17, 65, transA, transB, 2, 1),
      gemm(136, 140, 28, transA, transB, 2, 1),
      gemm(136, 20, 140, transA, transB, 2, 1),
      gemm(20, 136, 140, transA, transB, -0.5, 0),
    ]),
  ),
  gram(1, 1, 1),
  gram(5, 3, 0.5),
  gram(70, 65, 2 / 70),
  gram(20, 520, 0.1),
  gramOfUpper(65),
  gramOfUpper(520),
]
