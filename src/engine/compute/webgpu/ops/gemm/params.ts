// The parts that all matrix product shaders share: parameters, batches and the way a result is stored.
import { f32, type Param } from '../../shader.ts'

/** Strides in elements between the matrices of a batch of `count` = outer · inner products. */
export interface Batch {
  readonly count: number
  readonly inner: number
  readonly a: readonly [outer: number, inner: number]
  readonly b: readonly [outer: number, inner: number]
  readonly out: readonly [outer: number, inner: number]
}

export const single: Batch = { count: 1, inner: 1, a: [0, 0], b: [0, 0], out: [0, 0] }

/** out[m,n] = alpha · op(a)[m,k] · op(b)[k,n] + bias[n] + beta · out, with the leading dimension of each. */
export interface Sizes {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly lda: number
  readonly ldb: number
  readonly ldc: number
  readonly transA: boolean
  readonly transB: boolean
  readonly alpha: number
  readonly beta: number
}

/** In the order of `gemmFields`; what a shader has beside them follows. */
export function gemmParams(s: Sizes, batch: Batch): Param[] {
  return [
    ...[s.m, s.n, s.k, s.lda, s.ldb, s.ldc, Number(s.transA), Number(s.transB)],
    ...[batch.inner, ...batch.a, ...batch.b, ...batch.out],
    f32(s.alpha),
    f32(s.beta),
  ]
}

/** WGSL: parameters behind the offsets of the tensors. */
export const gemmFields = /* wgsl */ `
  m: u32, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32, transA: u32, transB: u32,
  inner: u32, aOuter: u32, aInner: u32, bOuter: u32, bInner: u32, outOuter: u32, outInner: u32,
  alpha: f32, beta: f32`

/** WGSL: where the matrices of product z of a batch begin. */
export const places = /* wgsl */ `
fn aStart(z: u32) -> u32 { return p.aAt + (z / p.inner) * p.aOuter + (z % p.inner) * p.aInner; }
fn bStart(z: u32) -> u32 { return p.bAt + (z / p.inner) * p.bOuter + (z % p.inner) * p.bInner; }
fn outStart(z: u32) -> u32 { return p.outAt + (z / p.inner) * p.outOuter + (z % p.inner) * p.outInner; }
`

/** Bindings: out, a, b, bias, residual. Shaders declare `a` and `b` themselves, as the vectors they load. */
export const gemmHead = /* wgsl */ `
struct Params { outAt: u32, aAt: u32, bAt: u32, biasAt: u32, residualAt: u32, ${gemmFields}, hasBias: u32, hasResidual: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(1) @binding(0) var<storage, read_write> y: array<f32>;
@group(1) @binding(3) var<storage, read> bias: array<f32>;
@group(1) @binding(4) var<storage, read> residual: array<f32>;
${places}
fn store(start: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.m || column >= p.n) { return; }
  let i = start + row * p.ldc + column;
  var value = p.alpha * sum;
  if (p.hasBias == 1u) { value += bias[p.biasAt + column]; }
  if (p.hasResidual == 1u) { value += residual[p.residualAt + i - p.outAt]; }
  if (p.beta != 0.0) { value += p.beta * y[i]; }
  y[i] = value;
}
`
