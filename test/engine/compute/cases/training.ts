// Losses in vocabulary chunks, squared errors, AdamW.
import { constant, garbage, maker, roundings, sums, type HostTensor, type OpCase, type Tolerance } from './opCase.ts'

/** Targets over a vocabulary, some of them ignored. */
function targetsOf(name: string, n: number, vocabulary: number): HostTensor {
  const targets = maker(name).ids([n], vocabulary)
  for (let i = 2; i < n; i += 5) targets.data[i] = -1
  return targets
}

const tolerance: Tolerance = { relative: 3e-6, absolute: 1e-6 }

/** Two chunks of unequal width; the second begins at `first`. */
const logSumExp = (n: number, first: number, second: number, scale: number): OpCase => {
  const name = `logSumExpChunk ${n}×(${first} + ${second}) scale ${scale}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      ...{ runMax: constant([n], -Infinity), runSum: constant([n], 0), targetLogit: constant([n], 0) },
      ...{ a: f32([n, first], scale), b: f32([n, second], scale), targets: targetsOf(name, n, first + second) },
    },
    run: (k, t) => {
      k.logSumExpChunk(t.runMax, t.runSum, t.targetLogit, t.a, t.targets, 0)
      k.logSumExpChunk(t.runMax, t.runSum, t.targetLogit, t.b, t.targets, first)
    },
    outputs: ['runMax', 'runSum', 'targetLogit'],
    tolerance: { relative: 3e-6, absolute: 1e-6 },
  }
}

const crossEntropy = (n: number, width: number, start: number): OpCase => {
  const name = `crossEntropyBackwardChunk ${n}×${width} from ${start}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      ...{ logits: f32([n, width]), runMax: f32([n]), runSum: constant([n], 9), rowWeight: f32([n]) },
      targets: targetsOf(name, n, start + width),
    },
    run: (k, t) => k.crossEntropyBackwardChunk(t.logits, t.runMax, t.runSum, t.targets, t.rowWeight, start),
    outputs: ['logits'],
    tolerance,
  }
}

const emptySums = (n: number): HostTensor => {
  const sums = constant([n, 5], 0)
  for (let i = 0; i < 5 * n; i += 5) sums.data[i] = sums.data[i + 2] = -Infinity
  return sums
}

/** Two chunks of unequal width against the dense model's. */
const divergence = (n: number, first: number, second: number, temperature: number): OpCase => {
  const name = `divergenceChunk ${n}×(${first} + ${second}) at ${temperature}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      sums: emptySums(n),
      ...{ a: f32([n, first], 3), b: f32([n, second], 3), c: f32([n, first], 3), d: f32([n, second], 3) },
    },
    run: (k, t) => {
      k.divergenceChunk(t.sums, t.a, t.c, temperature)
      k.divergenceChunk(t.sums, t.b, t.d, temperature)
    },
    outputs: ['sums'],
    // Σ e(d − z) has terms of both signs.
    tolerance: { relative: 5e-6, absolute: 2e-5 },
  }
}

const distill = (n: number, width: number, start: number, dense: number, temperature: number): OpCase => {
  const name = `distillBackwardChunk ${n}×${width} from ${start}, ${dense} at ${temperature}`
  const { f32 } = maker(name)
  const sums = constant([n, 5], 9)
  for (let i = 0; i < 5 * n; i += 5) sums.data[i] = sums.data[i + 2] = 0.5
  return {
    name,
    tensors: {
      ...{ logits: f32([n, width]), other: f32([n, width]), runMax: f32([n]), runSum: constant([n], 9), sums },
      ...{ rowWeight: f32([n]), targets: targetsOf(name, n, start + width) },
    },
    run: (k, { logits, other, runMax, runSum, sums: divergence, targets, rowWeight }) =>
      k.distillBackwardChunk(
        logits,
        other,
        { runMax, runSum, divergence },
        targets,
        rowWeight,
        { dense, temperature },
        start,
      ),
    outputs: ['logits'],
    tolerance,
  }
}

const errors = (length: number): OpCase[] => {
  const { f32 } = maker(`errors ${length}`)
  const [a, b] = [f32([length]), f32([length])]
  return [
    {
      name: `squaredError ${length}`,
      tensors: { out: constant([1], 0.5), a, b },
      run: (k, t) => k.squaredError(t.out, t.a, t.b),
      outputs: ['out'],
      tolerance: { relative: 2e-6 },
    },
    {
      name: `squaredErrorBackward ${length}`,
      tensors: { dA: garbage([length]), a, b },
      run: (k, t) => k.squaredErrorBackward(t.dA, t.a, t.b, 0.25),
      outputs: ['dA'],
      tolerance: roundings,
    },
    {
      name: `sumSquares ${length}`,
      tensors: { out: constant([1], 0.5), x: a },
      run: (k, t) => k.sumSquares(t.out, t.x),
      outputs: ['out'],
      tolerance: { relative: 2e-6 },
    },
  ]
}

const adamw = (length: number, step: number, weightDecay: number): OpCase => {
  const name = `adamw ${length}, step ${step}, decay ${weightDecay}`
  const { f32 } = maker(name)
  const v = f32([length], 0.1)
  v.data.forEach((x, i) => (v.data[i] = x * x))
  return {
    name,
    tensors: { param: f32([length]), grad: f32([length]), m: f32([length], 0.1), v },
    run: (k, t) =>
      k.adamw(t.param, t.grad, t.m, t.v, {
        ...{ lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay, step, gradScale: 0.5 },
      }),
    outputs: ['param', 'm', 'v'],
    tolerance: sums,
  }
}

export const trainingCases: OpCase[] = [
  logSumExp(1, 1, 1, 1),
  logSumExp(13, 37, 5, 1),
  logSumExp(6, 3000, 17, 20),
  crossEntropy(1, 1, 0),
  crossEntropy(11, 37, 0),
  crossEntropy(9, 2050, 100),
  divergence(1, 1, 3, 1),
  divergence(11, 37, 6, 2),
  divergence(7, 2050, 1500, 0.5),
  distill(1, 1, 0, 1, 1),
  distill(11, 37, 0, 0.5, 2),
  distill(9, 2050, 100, 0.9, 0.7),
  ...[1, 3, 8193, 40001].flatMap(errors),
  adamw(1, 1, 0),
  adamw(7, 1, 0.1),
  adamw(40003, 1000, 0.01),
]
