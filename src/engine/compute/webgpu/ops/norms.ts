// LayerNorm and RMSNorm, with one workgroup per row.
import type { Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import { f32, type Gpu, groupSize, perRow, runRows } from '../shader.ts'
import { sumColumns } from './reduce.ts'

/** LayerNorm if `centred`, else RMSNorm, whose mean counts as 0. */
const forward = (centred: boolean) =>
  perRow(
    centred ? 'layerNorm' : 'rmsNorm',
    { y: 'rw f32', ...(centred ? { mean: 'rw f32' } : {}), rstd: 'rw f32', x: 'f32', weight: 'f32', bias: 'f32' },
    { hasWeight: 'u32', hasBias: 'u32', eps: 'f32', unitOffset: 'f32' },
    /* wgsl */ `
  let base = p.xAt + row * p.columns;
  var sum = 0.0;
${
  centred
    ? `  for (var i = local; i < p.columns; i += ${groupSize}u) { sum += x[base + i]; }
  let mu = groupSum(sum, local) / f32(p.columns);
  if (local == 0u) { mean[p.meanAt + row] = mu; }`
    : '  let mu = 0.0;'
}
  var squares = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let d = x[base + i] - mu;
    squares += d * d;
  }
  let r = 1.0 / sqrt(groupSum(squares, local) / f32(p.columns) + p.eps);
  if (local == 0u) { rstd[p.rstdAt + row] = r; }
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    var value = (x[base + i] - mu) * r;
    if (p.hasWeight == 1u) { value *= weight[p.weightAt + i] + p.unitOffset; }
    if (p.hasBias == 1u) { value += bias[p.biasAt + i]; }
    y[p.yAt + row * p.columns + i] = value;
  }`,
  )

const backward = (centred: boolean) =>
  perRow(
    centred ? 'layerNormBackward' : 'rmsNormBackward',
    {
      ...{ dX: 'rw f32', dOut: 'f32', x: 'f32' },
      ...(centred ? { mean: 'f32' } : {}),
      ...{ rstd: 'f32', weight: 'f32', residual: 'f32' },
    },
    { hasWeight: 'u32', unitOffset: 'f32', hasResidual: 'u32' },
    /* wgsl */ `
  let base = p.xAt + row * p.columns;
  let mu = ${centred ? 'mean[p.meanAt + row]' : '0.0'};
  let r = rstd[p.rstdAt + row];
  var sum = 0.0;
  var sumHat = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let d = dHat(row, i);
    sum += d;
    sumHat += d * (x[base + i] - mu) * r;
  }
  let c = f32(p.columns);
  let meanD = ${centred ? 'groupSum(sum, local) / c' : '0.0'};
  let meanHat = groupSum(sumHat, local) / c;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    var value = r * (dHat(row, i) - meanD - (x[base + i] - mu) * r * meanHat);
    if (p.hasResidual == 1u) { value += residual[p.residualAt + row * p.columns + i]; }
    dX[p.dXAt + row * p.columns + i] = value;
  }`,
    /* wgsl */ `
fn dHat(row: u32, i: u32) -> f32 {
  let g = dOut[p.dOutAt + row * p.columns + i];
  if (p.hasWeight == 1u) { return g * (weight[p.weightAt + i] + p.unitOffset); }
  return g;
}`,
  )

const [layerNorm, rmsNorm] = [true, false].map((centred) => ({
  forward: forward(centred),
  backward: backward(centred),
}))

export function norms(gpu: Gpu) {
  /** `mean` is null for RMSNorm. */
  const norm = (
    [out, mean, rstd, x]: readonly [Tensor, Tensor | null, Tensor, Tensor],
    [weight, bias]: readonly (Tensor | null)[],
    [eps, unitOffset]: readonly number[],
  ) => {
    const { forward: of } = mean ? layerNorm : rmsNorm
    const given = [weight, bias].map((t) => (t ? { whole: t } : x))
    const tensors = [out, ...(mean ? [mean] : []), rstd, x, ...given]
    const params = [Number(weight !== null), Number(bias !== null), f32(eps), f32(unitOffset)]
    runRows(gpu, of, [rstd.length, x.length / rstd.length], tensors, params)
  }
  const normBackward = (
    [dX, dOut, x]: readonly Tensor[],
    [mean, rstd]: readonly [Tensor | null, Tensor],
    weight: Tensor | null,
    unitOffset: number,
    residual: Tensor | null,
  ) => {
    const { backward: of } = mean ? layerNorm : rmsNorm
    const tensors = [dX, dOut, x, ...(mean ? [mean] : []), rstd, weight ? { whole: weight } : x, residual ?? x]
    const params = [Number(weight !== null), f32(unitOffset), Number(residual !== null)]
    runRows(gpu, of, [rstd.length, x.length / rstd.length], tensors, params)
  }
  return {
    layerNorm: (out, mean, rstd, x, weight, bias, eps) => norm([out, mean, rstd, x], [weight, bias], [eps, 0]),
    rmsNorm: (out, rstd, x, weight, eps, unitOffset) => norm([out, null, rstd, x], [weight, null], [eps, unitOffset]),
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight, residual = null) {
      if (dWeight) sumColumns(gpu, 'layerNorm', dWeight, dOut, [x, mean, rstd], dBias)
      else if (dBias) sumColumns(gpu, 'sum', dBias, dOut)
      normBackward([dX, dOut, x], [mean, rstd], weight, 0, residual)
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset, residual = null) {
      if (dWeight) sumColumns(gpu, 'rmsNorm', dWeight, dOut, [x, null, rstd])
      normBackward([dX, dOut, x], [null, rstd], weight, unitOffset, residual)
    },
  } satisfies Partial<Kernels>
}
