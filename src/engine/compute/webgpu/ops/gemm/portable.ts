// Matrix product for any GPU, size, offset, transposition and element type of b: the 64 × 64 tiles of `tiled`, but each load and store
// moves one number.
import { floatsOf, four, halves, ofTypes } from '../../shader.ts'
import { gemmShader } from './params.ts'
import { mainOf, square } from './tiled.ts'

export const portableTile = 64

/** WGSL: four neighbours along the tile's side at one depth, 0 outside; and four such vectors, as `block` in tiled.ts returns them. */
const block = (name: 'a' | 'b', along: string, count: string, load: (i: string) => string) => /* wgsl */ `
fn ${name}Vector(start: u32, side: u32, depth: u32) -> vec4f {
  var v = vec4f();
  if (depth >= p.k) { return v; }
  for (var j = 0u; j < 4u; j++) {
    if (side + j < ${count}) {
      v[j] = ${load(`start + select((side + j) * p.ld${name} + depth, depth * p.ld${name} + side + j, ${along})`)};
    }
  }
  return v;
}
fn ${name}Block(start: u32, side: u32, depth: u32) -> mat4x4f {
  return mat4x4f(${four((j) => `${name}Vector(start, side, depth + ${j}u)`, ', ')});
}`

const portable = gemmShader(
  'gemmPortable',
  { a: 'f32', b: 'u32' },
  /* wgsl */ `
${halves}${floatsOf('b')}
${block('a', 'p.transA == 1u', 'p.m', (i) => `a[${i}]`)}
${block('b', 'p.transB == 0u', 'p.n', (i) => `bFloat(${i})`)}
fn put(z: u32, start: u32, row: u32, column: u32, sum: vec4f) {
  for (var c = 0u; c < 4u; c++) { store(start, row, column + c, sum[c]); }
}
${mainOf(square(64, 2))}`,
)

/** By element type of b: f32, bf16, f16. */
export const portableVariants = ofTypes(portable, null, { BUFFERS: 1 })
