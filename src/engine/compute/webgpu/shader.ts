// A compute shader as data: text, what it binds, and its override constants.

/**
 * Every shader (`defineShader`) declares its parameters as `@group(0) @binding(0) var<uniform> p: Params`, whose first fields are the
 * offset of each bound tensor in elements (the part of it below the binding alignment), and its tensors in order as
 * `@group(1) @binding(i)`. `bindings` has one letter a tensor: w for read_write, r for read.
 */
export interface Shader {
  readonly name: string
  readonly code: string
  readonly bindings: string
}

type Scalar = 'f32' | 'u32' | 'i32'
export type Tensors = Readonly<Record<string, Scalar | `rw ${Scalar | 'atomic<u32>'}`>>
export type Parameters = Readonly<Record<string, Scalar>>

/**
 * A shader from its tensors in the order of a call, the parameters after their offsets, and its body. In the body the
 * elements of a tensor `x` are `x[p.xAt + i]`, and a parameter is `p.length`.
 */
export function defineShader(name: string, tensors: Tensors, params: Parameters, body: string): Shader {
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
  return { name, code: `${head}${body}`, bindings: bound.map(({ written }) => (written ? 'w' : 'r')).join('') }
}

export interface Variant {
  readonly key: string
  readonly shader: Shader
  readonly constants: Readonly<Record<string, number>>
}

/** All that were made, also those that this machine's adapter does not use: a test compiles every one. */
export const madeVariants: Variant[] = []

export function variant(shader: Shader, constants: Record<string, number> = {}): Variant {
  const made = { key: `${shader.name} ${JSON.stringify(constants)}`, shader, constants }
  madeVariants.push(made)
  return made
}

/** A parameter: numbers are u32, `f32(x)` is a float. */
export type Param = number | { readonly f32: number }

export function f32(value: number): Param {
  return { f32: value }
}

/** Width of the one-dimensional workgroups of elementwise and row shaders. */
export const groupSize = 256

/** WGSL: the invocation's index in a grid that may be folded into two dimensions (see `gridOf`). */
export const linearIndex = /* wgsl */ `
fn linearIndex(group: vec3u, groups: vec3u, local: u32) -> u32 {
  return (group.y * groups.x + group.x) * ${groupSize}u + local;
}
`

/** Workgroups in one dimension of a grid. */
export const maxGroups = 65535

/** A grid of `count` workgroups, folded because one dimension ends at 65535. Shaders check their index. */
export function foldGroups(count: number): [number, number, number] {
  if (count <= maxGroups) return [count, 1, 1]
  const y = Math.ceil(count / maxGroups)
  return [Math.ceil(count / y), y, 1]
}

/** A grid with at least `length` invocations of `groupSize`-wide workgroups. */
export function gridOf(length: number): [number, number, number] {
  return foldGroups(Math.ceil(length / groupSize))
}
