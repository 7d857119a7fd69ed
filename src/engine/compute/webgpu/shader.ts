// What operations are written with: shaders as data, WGSL that they share, and the device that runs them.
import type { DType } from '../../dtype.ts'
import { reshape, rows, slice, type Tensor } from '../tensor.ts'

/**
 * Every shader (`defineShader`) declares its parameters as `@group(0) @binding(0) var<uniform> p: Params`, whose first fields are the
 * offset of each tensor from the start of its binding, in elements, and its tensors in order as `@group(1) @binding(i)`. `bindings`
 * has one letter per tensor: w for read_write, r for read.
 */
export interface Shader {
  readonly name: string
  readonly code: string
  readonly bindings: string
  /** 'element': one invocation per element. Absent: one workgroup per row, or a count of the shader's own. */
  readonly unit?: 'element'
}

type Scalar = 'f32' | 'u32' | 'i32'
type Element = Scalar | 'vec2u' | 'vec4u' | 'vec4f'
export type Tensors = Readonly<Record<string, Element | `rw ${Element | 'atomic<u32>'}`>>
export type Params = Readonly<Record<string, Scalar>>

/**
 * A shader from its tensors in the order of a call, the parameters after their offsets, and its body. In the body the
 * elements of a tensor `x` are `x[p.xAt + i]`, and a parameter is `p.length`. `enables`: the extensions that it needs.
 */
export function defineShader(name: string, tensors: Tensors, params: Params, body: string, enables = ''): Shader {
  const bound = Object.entries(tensors).map(([tensor, how]) => ({
    tensor,
    written: how.startsWith('rw '),
    type: how.replace('rw ', ''),
  }))
  const fields = [
    ...bound.map(({ tensor }) => `${tensor}At: u32`),
    ...Object.entries(params).map(([param, type]) => `${param}: ${type}`),
  ]
  const bindings = bound.map(
    ({ tensor, written, type }, i) =>
      `@group(1) @binding(${i}) var<storage, ${written ? 'read_write' : 'read'}> ${tensor}: array<${type}>;\n`,
  )
  const head = `struct Params { ${fields.join(', ')} }\n@group(0) @binding(0) var<uniform> p: Params;\n${bindings.join('')}`
  return {
    name,
    code: `${enables}${head}${body}`,
    bindings: bound.map(({ written }) => (written ? 'w' : 'r')).join(''),
  }
}

export interface Variant {
  readonly key: string
  readonly shader: Shader
  readonly constants: Readonly<Record<string, number>>
}

/** All variants, including those that this machine's adapter does not use, for a test that compiles each of them. */
export const madeVariants: Variant[] = []

export function variant(shader: Shader, constants: Record<string, number> = {}): Variant {
  const made = { key: `${shader.name} ${JSON.stringify(constants)}`, shader, constants }
  madeVariants.push(made)
  return made
}

/** A shader (see `defineShader`) that has no constants. */
export const defineVariant = (...args: Parameters<typeof defineShader>): Variant => variant(defineShader(...args))

/** One variant per element type of a `weight` or `table`, in the order of `dtypeCode`; `words`: a separate shader for f32, if any. */
export const ofTypes = (
  shader: Shader,
  words: Shader | null = null,
  constants: Record<string, number> = {},
): Variant[] =>
  [0, 1, 2].map((DTYPE) =>
    DTYPE === 0 && words ? variant(words, constants) : variant(shader, { ...constants, DTYPE }),
  )

/** Joins text(0) to text(3), one for each component of a WGSL vector. */
export const four = (text: (i: number) => string, between = '\n') => [0, 1, 2, 3].map(text).join(between)

/** A parameter: numbers are u32, `f32(x)` is a float. */
export type Param = number | { readonly f32: number }

export function f32(value: number): Param {
  return { f32: value }
}

/** Width of the one-dimensional workgroups of elementwise and row shaders. */
export const groupSize = 256

/** Workgroups in one dimension of a grid. */
export const maxGroups = 65535

/** A grid of `count` workgroups, folded because one dimension ends at 65535. Shaders check their index. */
export function foldGroups(count: number): [number, number, number] {
  if (count <= maxGroups) return [count, 1, 1]
  const y = Math.ceil(count / maxGroups)
  return [Math.ceil(count / y), y, 1]
}

/** WGSL: calls `element(i)` for i < p.length, one invocation each. */
const elementMain = /* wgsl */ `
@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.y * groups.x + group.x) * ${groupSize}u + local;
  if (i < p.length) { element(i); }
}
`

/** A shader over `length` elements: `body` is what invocation i does, and `declared` is the WGSL before it. */
export function elementShader(name: string, tensors: Tensors, params: Params, body: string, declared = ''): Shader {
  const code = `${declared}\nfn element(i: u32) {\n${body}\n}\n${elementMain}`
  return { ...defineShader(name, tensors, { length: 'u32', ...params }, code), unit: 'element' }
}
/** Such a shader (see `elementShader`) that has no constants. */
export const perElement = (...args: Parameters<typeof elementShader>): Variant => variant(elementShader(...args))

/** WGSL: the sum of one value of each invocation of a workgroup, known to all of them. Uniform control flow only. */
export const groupSum = /* wgsl */ `
var<workgroup> partial: array<f32, ${groupSize}>;
fn groupSum(value: f32, local: u32) -> f32 {
  partial[local] = value;
  workgroupBarrier();
  for (var half = ${groupSize / 2}u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}
`

/** WGSL: like `groupSum`, which it needs beside it. */
export const groupMax = /* wgsl */ `
fn groupMax(value: f32, local: u32) -> f32 {
  partial[local] = value;
  workgroupBarrier();
  for (var half = ${groupSize / 2}u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] = max(partial[local], partial[local + half]); }
    workgroupBarrier();
  }
  let top = partial[0];
  workgroupBarrier();
  return top;
}
`

/** Below every finite number that is compared; shaders must not count on infinities. */
export const lowest = '-3.0e38'

/** WGSL: `ofRow` for the row of this workgroup; workgroups past the last row leave as a whole. */
export const rowMain = /* wgsl */ `
${groupSum}
@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.y * groups.x + group.x;
  if (row < p.count) { ofRow(row, local); }
}
`

/** A shader with a workgroup for each of `count` rows: `body` is what its invocation `local` does for `row`. */
export function perRow(name: string, tensors: Tensors, params: Params, body: string, declared = ''): Variant {
  const code = `${declared}\nfn ofRow(row: u32, local: u32) {\n${body}\n}\n${rowMain}`
  return defineVariant(name, tensors, { count: 'u32', columns: 'u32', ...params }, code)
}

// WGSL for 16-bit floats in u32 words. WGSL has no bf16, and f16 typed storage may change NaN patterns, so both stay
// u32 in every shader; the element type is the override constant DTYPE.

/** The value of DTYPE. */
export function dtypeCode(dtype: DType): number {
  if (dtype === 'bf16') return 1
  return dtype === 'f16' ? 2 : 0
}

export const halves = /* wgsl */ `
override DTYPE: u32; // 0: f32, 1: bf16, 2: f16

fn floatOfHalf(bits: u32) -> f32 {
  if (DTYPE == 1u) { return bitcast<f32>(bits << 16u); }
  let magnitude = bits & 0x7fffu;
  if (magnitude >= 0x400u) { return unpack2x16float(bits).x; }
  // Drivers may flush subnormals; these are in units of 2^-24.
  return select(1.0, -1.0, bits >= 0x8000u) * f32(magnitude) * 5.9604644775390625e-8;
}

// Round to nearest even; NaN stays NaN, overflow becomes infinity.
fn halfOfFloat(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (DTYPE == 1u) {
    if (magnitude > 0x7f800000u) { return (bits >> 16u) | 0x40u; }
    return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
  }
  let sign = (bits >> 16u) & 0x8000u;
  if (magnitude > 0x7f800000u) { return sign | 0x7e00u; }
  if (magnitude >= 0x47800000u) { return sign | 0x7c00u; }
  if (magnitude < 0x38800000u) {
    // Subnormal: in units of 2^-24, where adding 2^23 rounds to an even integer.
    let scaled = bitcast<f32>(magnitude) * 16777216.0;
    return sign | u32(round(scaled));
  }
  return sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u) - 0x38000000u) >> 13u);
}
`

/** WGSL that needs `halves`: element `at` of the words of a tensor of DTYPE, as f32. */
export const floatsOf = (tensor: string) => /* wgsl */ `
fn ${tensor}Float(at: u32) -> f32 {
  if (DTYPE == 0u) { return bitcast<f32>(${tensor}[at]); }
  return floatOfHalf((${tensor}[at >> 1u] >> (16u * (at & 1u))) & 0xffffu);
}
`

/** WGSL that needs `halves`: four neighbouring 16-bit elements, as f32. */
export const fourHalves = /* wgsl */ `
fn fourHalves(w: vec2u) -> vec4f {
  if (DTYPE == 1u) { return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)); }
  return vec4f(floatOfHalf(w.x & 0xffffu), floatOfHalf(w.x >> 16u), floatOfHalf(w.y & 0xffffu), floatOfHalf(w.y >> 16u));
}
`

export interface Dispatch {
  readonly variant: Variant
  /** Tensors in binding order; each at most `reachBytes` long. */
  readonly tensors: readonly Tensor[]
  /** After the offsets of the tensors. */
  readonly params: readonly Param[]
  readonly groups: readonly [number, number, number]
  /** Floating point operations, where they are many: they limit submissions and predict waits. */
  readonly flops?: number
}

/** Products on matrix units (ops/gemm/tensorCores.ts). */
export interface TensorProducts {
  /** By element type of b: f32, bf16, f16. */
  readonly variants: readonly Variant[]
  /** f32 inputs are rounded to f16. */
  readonly rounds: boolean
}

/** The device as an operation sees it: dispatches in order, and scratch memory until its call ends. */
export interface Gpu {
  /** Most bytes of a tensor in one elementwise dispatch. Operations process longer tensors in windows of this size. */
  readonly windowBytes: number
  /** Most bytes of a tensor that can be bound. Products and strided copies may address a part of this size. */
  readonly reachBytes: number
  readonly smallSubgroups: boolean
  /** Products with at least `least` tiles of 128 × 128 use such tiles, with 1 or 2 buffers in workgroup memory. null: no product does. */
  readonly largeTiles: { readonly least: number; readonly buffers: 1 | 2 } | null
  /** Most floating point operations of a dispatch. Larger work is split, and its results have the same bytes. */
  readonly flopsPerDispatch: number
  /** The products on tensor cores, where they are asked for and the adapter has them. */
  readonly tensorProducts: TensorProducts | null
  run(dispatch: Dispatch): void
  /** Undefined contents; given back when the kernel call ends. */
  scratch(shape: readonly number[], dtype?: DType): Tensor
}

/** Pieces [start, end) of `length` things, each of at most `most` and, but for the last, a multiple of `multiple`. */
export function* pieces(length: number, most: number, multiple = 1): Generator<[number, number]> {
  const size = Math.max(multiple, Math.floor(most / multiple) * multiple)
  for (let start = 0; start < length; start += size) yield [start, Math.min(length, start + size)]
}

/** One dispatch with an invocation per element or a workgroup per row, `count` in all. `count` is also the first parameter. */
export function runEach(
  gpu: Gpu,
  of: Variant,
  count: number,
  tensors: readonly Tensor[],
  params: readonly Param[] = [],
) {
  const groups = foldGroups(of.shader.unit ? Math.ceil(count / groupSize) : count)
  gpu.run({ variant: of, tensors, params: [count, ...params], groups })
}

/** Runs a shader per element over tensors of one length, in windows. */
export function runElements(gpu: Gpu, of: Variant, tensors: readonly Tensor[], params: readonly Param[] = []): void {
  for (const [start, end] of pieces(tensors[0].length, gpu.windowBytes / 4)) {
    const parts = tensors.map((t) => slice(t, start, [end - start]))
    runEach(gpu, of, end - start, parts, params)
  }
}

/** Windows over `count` rows of f32, at most `most` rows each; `cut` returns a window's rows of any tensor with `count` rows. */
export function* rowWindows(gpu: Gpu, count: number, columns: number, most = Infinity) {
  for (const [start, end] of pieces(count, Math.min(most, gpu.windowBytes / 4 / columns)))
    yield { start, count: end - start, cut: (t: Tensor) => rows(reshape(t, [count, t.length / count]), start, end) }
}

/** Runs a shader per row, or per element, over [total, columns] in windows. All tensors except `whole` ones have `total` rows. */
export function runRows(
  gpu: Gpu,
  of: Variant,
  [total, columns]: readonly [number, number],
  tensors: readonly (Tensor | { readonly whole: Tensor })[],
  params: readonly Param[] = [],
): void {
  for (const { count, cut } of rowWindows(gpu, total, columns)) {
    const parts = tensors.map((t) => ('whole' in t ? t.whole : cut(t)))
    runEach(gpu, of, of.shader.unit ? count * columns : count, parts, [columns, ...params])
  }
}
