// Layer norm, RMS norm, rotary positions.
import { garbage, maker, type OpCase, type Tolerance } from './opCase.ts'

const shapes = [
  [1, 1],
  [3, 5],
  [17, 33],
  [130, 48],
  [7, 1030],
] as const

/** Sums over C elements, then divided by a standard deviation of about 1. */
const tolerance: Tolerance = { ofMax: 5e-6, absolute: 1e-6 }

const layerNorm = (n: number, c: number, affine: boolean): OpCase => {
  const name = `layerNorm ${n}×${c}${affine ? '' : ' without parameters'}`
  const { f32 } = maker(name)
  const out = { out: garbage([n, c]), mean: garbage([n]), rstd: garbage([n]) }
  return {
    name,
    tensors: { ...out, x: f32([n, c], 2), ...(affine ? { weight: f32([c]), bias: f32([c]) } : {}) },
    run: (k, t) => k.layerNorm(t.out, t.mean, t.rstd, t.x, t.weight ?? null, t.bias ?? null, 1e-5),
    outputs: ['out', 'mean', 'rstd'],
    tolerance,
  }
}

const layerNormBackward = (n: number, c: number, affine: boolean, adds = false): OpCase => {
  const name = `layerNormBackward ${n}×${c}${affine ? '' : ' without parameters'}${adds ? ' with a residual' : ''}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      ...{ dX: garbage([n, c]), dOut: f32([n, c]), x: f32([n, c]), mean: f32([n], 0.1), rstd: f32([n]) },
      ...(affine ? { weight: f32([c]), dWeight: f32([c]), dBias: f32([c]) } : {}),
      ...(adds ? { residual: f32([n, c]) } : {}),
    },
    run: (k, t) =>
      k.layerNormBackward(
        ...([t.dX, t.dWeight ?? null, t.dBias ?? null, t.dOut] as const),
        ...([t.x, t.mean, t.rstd, t.weight ?? null, t.residual] as const),
      ),
    outputs: ['dX', 'dWeight', 'dBias'],
    tolerance,
  }
}

const rmsNorm = (n: number, c: number, unitOffset: number): OpCase => {
  const name = `rmsNorm ${n}×${c} offset ${unitOffset}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: { out: garbage([n, c]), rstd: garbage([n]), x: f32([n, c], 2), weight: f32([c]) },
    run: (k, t) => k.rmsNorm(t.out, t.rstd, t.x, t.weight, 1e-6, unitOffset),
    outputs: ['out', 'rstd'],
    tolerance,
  }
}

const rmsNormBackward = (n: number, c: number, unitOffset: number, trained: boolean, adds = false): OpCase => {
  const name = `rmsNormBackward ${n}×${c} offset ${unitOffset}${trained ? '' : ' frozen'}${adds ? ' with a residual' : ''}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      ...{ dX: garbage([n, c]), dOut: f32([n, c]), x: f32([n, c]), rstd: f32([n]), weight: f32([c]) },
      ...(trained ? { dWeight: f32([c]) } : {}),
      ...(adds ? { residual: f32([n, c]) } : {}),
    },
    run: (k, t) => k.rmsNormBackward(t.dX, t.dWeight ?? null, t.dOut, t.x, t.rstd, t.weight, unitOffset, t.residual),
    outputs: ['dX', 'dWeight'],
    tolerance,
  }
}

const rope = (
  batch: number,
  seqLen: number,
  numHeads: number,
  headDim: number,
  rotaryDim: number,
  inverse: boolean,
): OpCase => {
  const name = `rope ${batch}×${seqLen}, ${numHeads} heads of ${headDim}, turns ${rotaryDim}${inverse ? ' back' : ''}`
  const { f32 } = maker(name)
  return {
    name,
    tensors: {
      x: f32([batch * seqLen, numHeads * headDim]),
      cos: f32([seqLen, rotaryDim / 2]),
      sin: f32([seqLen, rotaryDim / 2]),
    },
    run: (k, t) => k.rope(t.x, t.cos, t.sin, { seqLen, numHeads, headDim, rotaryDim, inverse }),
    outputs: ['x'],
    tolerance,
  }
}

export const normCases: OpCase[] = [
  ...shapes.flatMap(([n, c]) => [
    ...[true, false].flatMap((affine) => [layerNorm(n, c, affine), layerNormBackward(n, c, affine)]),
    ...[0, 1].flatMap((offset) => [rmsNorm(n, c, offset), rmsNormBackward(n, c, offset, offset === 0)]),
  ]),
  // More rows than one dispatch sums of columns.
  ...[3, 2049].map((n) => layerNormBackward(n, 2, true, true)),
  rmsNormBackward(3, 66, 0, true, true),
  ...[true, false].flatMap((inverse) => [
    rope(1, 1, 1, 2, 2, inverse),
    rope(2, 13, 3, 8, 8, inverse),
    rope(2, 40, 2, 80, 20, inverse),
    rope(1, 5, 1, 14, 6, inverse),
  ]),
]
