// The parts that all matrix product shaders share: parameters, batches and the way a result is stored.
import { defineShader, f32, type Param, type Params, type Shader, type Tensors } from '../../shader.ts'

/** `count` products; a, b and out are the strides, in elements, from one product's matrix to the next one's. */
export interface Batch {
  readonly count: number
  readonly a: number
  readonly b: number
  readonly out: number
}

export const single: Batch = { count: 1, a: 0, b: 0, out: 0 }

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

/** Parameters that follow the offsets of the tensors; a shader's own parameters come after these. */
export const gemmFields: Params = {
  ...{ m: 'u32', n: 'u32', k: 'u32', lda: 'u32', ldb: 'u32', ldc: 'u32', transA: 'u32', transB: 'u32' },
  ...{ aStep: 'u32', bStep: 'u32', outStep: 'u32', alpha: 'f32', beta: 'f32' },
}

/** In the order of `gemmFields`. */
export function gemmParams(s: Sizes, batch: Batch): Param[] {
  return [
    ...[s.m, s.n, s.k, s.lda, s.ldb, s.ldc, Number(s.transA), Number(s.transB)],
    ...[batch.a, batch.b, batch.out, f32(s.alpha), f32(s.beta)],
  ]
}

/** WGSL: where the matrices of product z of a batch begin. */
export const places = /* wgsl */ `
fn aStart(z: u32) -> u32 { return p.aAt + z * p.aStep; }
fn bStart(z: u32) -> u32 { return p.bAt + z * p.bStep; }
fn outStart(z: u32) -> u32 { return p.yAt + z * p.outStep; }
`

/** A product shader that stores single elements; `operands` has the types as which `body` loads a and b. */
export const gemmShader = (name: string, operands: Pick<Tensors, 'a' | 'b'>, body: string, enables = ''): Shader =>
  defineShader(
    name,
    { y: 'rw f32', ...operands, bias: 'f32', residual: 'f32' },
    { ...gemmFields, hasBias: 'u32', hasResidual: 'u32' },
    /* wgsl */ `
${places}
fn store(start: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.m || column >= p.n) { return; }
  let i = start + row * p.ldc + column;
  var value = p.alpha * sum;
  if (p.hasBias == 1u) { value += bias[p.biasAt + column]; }
  if (p.hasResidual == 1u) { value += residual[p.residualAt + i - p.yAt]; }
  if (p.beta != 0.0) { value += p.beta * y[i]; }
  y[i] = value;
}
${body}`,
    enables,
  )
