// LayerNorm and RMSNorm: a workgroup a row.
import type { Kernels } from '../../kernels.ts'
import { reshape, rows, slice, type Tensor } from '../../tensor.ts'
import {
  defineShader,
  f32,
  foldGroups,
  type Gpu,
  groupSize,
  type Param,
  pieces,
  variant,
  type Variant,
} from '../shader.ts'
import { rowMain, sumColumns } from './reduce.ts'

type Norms = Pick<Kernels, 'layerNorm' | 'layerNormBackward' | 'rmsNorm' | 'rmsNormBackward'>

const layerNorm = defineShader(
  'layerNorm',
  { y: 'rw f32', mean: 'rw f32', rstd: 'rw f32', x: 'f32', weight: 'f32', bias: 'f32' },
  { count: 'u32', columns: 'u32', hasWeight: 'u32', hasBias: 'u32', eps: 'f32' },
  /* wgsl */ `
fn ofRow(row: u32, local: u32) {
  let base = p.xAt + row * p.columns;
  var sum = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) { sum += x[base + i]; }
  let mu = groupSum(sum, local) / f32(p.columns);
  var squares = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let d = x[base + i] - mu;
    squares += d * d;
  }
  let r = 1.0 / sqrt(groupSum(squares, local) / f32(p.columns) + p.eps);
  if (local == 0u) {
    mean[p.meanAt + row] = mu;
    rstd[p.rstdAt + row] = r;
  }
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    var value = (x[base + i] - mu) * r;
    if (p.hasWeight == 1u) { value *= weight[p.weightAt + i]; }
    if (p.hasBias == 1u) { value += bias[p.biasAt + i]; }
    y[p.yAt + row * p.columns + i] = value;
  }
}
${rowMain}`,
)

const layerNormBackward = defineShader(
  'layerNormBackward',
  { dX: 'rw f32', dOut: 'f32', x: 'f32', mean: 'f32', rstd: 'f32', weight: 'f32', residual: 'f32' },
  { count: 'u32', columns: 'u32', hasWeight: 'u32', hasResidual: 'u32' },
  /* wgsl */ `
fn dHat(row: u32, i: u32) -> f32 {
  let g = dOut[p.dOutAt + row * p.columns + i];
  if (p.hasWeight == 1u) { return g * weight[p.weightAt + i]; }
  return g;
}

fn ofRow(row: u32, local: u32) {
  let base = p.xAt + row * p.columns;
  let mu = mean[p.meanAt + row];
  let r = rstd[p.rstdAt + row];
  var sum = 0.0;
  var sumHat = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let d = dHat(row, i);
    sum += d;
    sumHat += d * (x[base + i] - mu) * r;
  }
  let c = f32(p.columns);
  let meanD = groupSum(sum, local) / c;
  let meanHat = groupSum(sumHat, local) / c;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    var value = r * (dHat(row, i) - meanD - (x[base + i] - mu) * r * meanHat);
    if (p.hasResidual == 1u) { value += residual[p.residualAt + row * p.columns + i]; }
    dX[p.dXAt + row * p.columns + i] = value;
  }
}
${rowMain}`,
)

const rmsNorm = defineShader(
  'rmsNorm',
  { y: 'rw f32', rstd: 'rw f32', x: 'f32', weight: 'f32' },
  { count: 'u32', columns: 'u32', eps: 'f32', unitOffset: 'f32' },
  /* wgsl */ `
fn ofRow(row: u32, local: u32) {
  let base = p.xAt + row * p.columns;
  var squares = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) { squares += x[base + i] * x[base + i]; }
  let r = 1.0 / sqrt(groupSum(squares, local) / f32(p.columns) + p.eps);
  if (local == 0u) { rstd[p.rstdAt + row] = r; }
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    y[p.yAt + row * p.columns + i] = x[base + i] * r * (weight[p.weightAt + i] + p.unitOffset);
  }
}
${rowMain}`,
)

const rmsNormBackward = defineShader(
  'rmsNormBackward',
  { dX: 'rw f32', dOut: 'f32', x: 'f32', rstd: 'f32', weight: 'f32', residual: 'f32' },
  { count: 'u32', columns: 'u32', unitOffset: 'f32', hasResidual: 'u32' },
  /* wgsl */ `
fn dHat(row: u32, i: u32) -> f32 {
  return dOut[p.dOutAt + row * p.columns + i] * (weight[p.weightAt + i] + p.unitOffset);
}

fn ofRow(row: u32, local: u32) {
  let base = p.xAt + row * p.columns;
  let r = rstd[p.rstdAt + row];
  var sum = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) { sum += dHat(row, i) * x[base + i] * r; }
  let mean = groupSum(sum, local) / f32(p.columns);
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    var value = r * (dHat(row, i) - x[base + i] * r * mean);
    if (p.hasResidual == 1u) { value += residual[p.residualAt + row * p.columns + i]; }
    dX[p.dXAt + row * p.columns + i] = value;
  }
}
${rowMain}`,
)

const variants = {
  layerNorm: variant(layerNorm),
  layerNormBackward: variant(layerNormBackward),
  rmsNorm: variant(rmsNorm),
  rmsNormBackward: variant(rmsNormBackward),
}

/** Runs over windows of rows. `tensorsOf` makes the bindings from the views of [N,C] matrices and [N] statistics. */
function runRows(
  gpu: Gpu,
  of: Variant,
  count: number,
  columns: number,
  tensorsOf: (matrix: (t: Tensor) => Tensor, statistic: (t: Tensor) => Tensor) => Tensor[],
  params: readonly Param[],
): void {
  for (const [start, end] of pieces(count, gpu.windowBytes / 4 / columns))
    gpu.run({
      variant: of,
      tensors: tensorsOf(
        (t) => rows(reshape(t, [count, columns]), start, end),
        (t) => slice(t, start, [end - start]),
      ),
      params: [end - start, columns, ...params],
      groups: foldGroups(end - start),
    })
}

export function norms(gpu: Gpu): Norms {
  return {
    layerNorm(out, mean, rstd, x, weight, bias, eps) {
      const [n, c] = [mean.length, x.length / mean.length]
      const params = [Number(weight !== null), Number(bias !== null), f32(eps)]
      runRows(
        gpu,
        variants.layerNorm,
        n,
        c,
        (m, s) => [m(out), s(mean), s(rstd), m(x), weight ?? m(x), bias ?? m(x)],
        params,
      )
    },
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight, residual = null) {
      const [n, c] = [mean.length, x.length / mean.length]
      if (dWeight) sumColumns(gpu, 'layerNorm', dWeight, dOut, { x, mean, rstd }, dBias)
      else if (dBias) sumColumns(gpu, 'sum', dBias, dOut)
      runRows(
        gpu,
        variants.layerNormBackward,
        n,
        c,
        (m, s) => [m(dX), m(dOut), m(x), s(mean), s(rstd), weight ?? m(x), m(residual ?? x)],
        [Number(weight !== null), Number(residual !== null)],
      )
    },
    rmsNorm(out, rstd, x, weight, eps, unitOffset) {
      const [n, c] = [rstd.length, x.length / rstd.length]
      const params = [f32(eps), f32(unitOffset)]
      runRows(gpu, variants.rmsNorm, n, c, (m, s) => [m(out), s(rstd), m(x), weight], params)
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset, residual = null) {
      const [n, c] = [rstd.length, x.length / rstd.length]
      if (dWeight) sumColumns(gpu, 'rmsNorm', dWeight, dOut, { x, mean: null, rstd })
      const params = [f32(unitOffset), Number(residual !== null)]
      runRows(
        gpu,
        variants.rmsNormBackward,
        n,
        c,
        (m, s) => [m(dX), m(dOut), m(x), s(rstd), weight, m(residual ?? x)],
        params,
      )
    },
  }
}
