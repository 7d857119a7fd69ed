// out = op(a) · b with b row-major, where a subgroup is 8 lanes wide: lanes lie along the columns and load vectors of
// b; op(a) is spread over the lanes and passed around by shuffles (see smallNt.ts).
import { dtypeCode, halves } from '../../halves.ts'
import { variant, type Shader } from '../../shader.ts'
import { gemmHead } from './params.ts'

/** A workgroup makes 8 rows × 64 columns; a lane has 8 of them. */
export const nnRows = 8
export const nnColumns = 64

/**
 * TRANS 0: a is [m,k]; needs k, lda, a's offset in multiples of 4. TRANS 1: a is [k,m]; m, lda, offset likewise.
 * f32 b (DTYPE 0) is two vectors a lane, 32 columns apart; 16-bit b is one vector of 8 neighbouring columns. n, ldb
 * and b's offset are multiples of 4 (16-bit: 8).
 */
const rowMajor: Shader = {
  name: 'gemmSmallNn',
  bindings: 'wrrr',
  code: /* wgsl */ `
enable subgroups;
${gemmHead}
${halves}
override TRANS: u32;
const LANES = 8u;
const ROWS = ${nnRows}u;
@group(1) @binding(1) var<storage, read> a: array<vec4f>;
@group(1) @binding(2) var<storage, read> b: array<vec4u>;

struct Columns { left: vec4f, right: vec4f }

// Columns of depth k from the lane's own start: 0…3 and 32…35, or 0…7 of a packed vector.
fn loadB(start: u32, far: u32, k: u32) -> Columns {
  if (DTYPE == 0u) {
    let row = start + k * (p.ldb / 4u);
    return Columns(bitcast<vec4f>(b[row]), bitcast<vec4f>(b[row + far]));
  }
  let w = b[start + k * (p.ldb / 8u)];
  if (DTYPE == 1u) {
    return Columns(
      bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)),
      bitcast<vec4f>(vec4u(w.z << 16u, w.z & 0xffff0000u, w.w << 16u, w.w & 0xffff0000u)));
  }
  return Columns(
    vec4f(unpack2x16float(w.x), unpack2x16float(w.y)), vec4f(unpack2x16float(w.z), unpack2x16float(w.w)));
}

var<private> left: array<vec4f, ROWS>;
var<private> right: array<vec4f, ROWS>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let tile = group.x * ${nnColumns}u;
  let leftColumn = tile + select(8u * lane, 4u * lane, DTYPE == 0u);
  let rightColumn = leftColumn + select(4u, 32u, DTYPE == 0u);
  let aFrom = aStart(group.z) / 4u;
  // Past the last column the last vector is read again; such results are not stored.
  let perVector = select(8u, 4u, DTYPE == 0u);
  let lastVector = p.n / perVector - 1u;
  let bVector = min(leftColumn / perVector, lastVector);
  let far = min(rightColumn / perVector, lastVector) - bVector;
  let bFrom = bStart(group.z) / perVector + bVector;
  if (TRANS == 0u) {
    let depth = p.k / 4u;
    for (var k0 = 0u; k0 < depth; k0 += LANES) {
      var mine: array<vec4f, ROWS>;
      let at = min(k0 + lane, depth - 1u);
      let inside = k0 + lane < depth;
      for (var r = 0u; r < ROWS; r++) {
        mine[r] = select(vec4f(), a[aFrom + min(row0 + r, p.m - 1u) * (p.lda / 4u) + at], inside);
      }
      for (var q = 0u; q < LANES; q++) {
        let k = 4u * min(k0 + q, depth - 1u);
        let w0 = loadB(bFrom, far, k);
        let w1 = loadB(bFrom, far, k + 1u);
        let w2 = loadB(bFrom, far, k + 2u);
        let w3 = loadB(bFrom, far, k + 3u);
        for (var r = 0u; r < ROWS; r++) {
          let x = subgroupShuffle(mine[r], q);
          left[r] += x.x * w0.left + x.y * w1.left + x.z * w2.left + x.w * w3.left;
          right[r] += x.x * w0.right + x.y * w1.right + x.z * w2.right + x.w * w3.right;
        }
      }
    }
  } else {
    let lastRows = p.m / 4u - 1u;
    let top = min(row0 / 4u, lastRows);
    let bottom = min(row0 / 4u + 1u, lastRows);
    for (var k0 = 0u; k0 < p.k; k0 += LANES) {
      let at = aFrom + min(k0 + lane, p.k - 1u) * (p.lda / 4u);
      let inside = k0 + lane < p.k;
      let mineTop = select(vec4f(), a[at + top], inside);
      let mineBottom = select(vec4f(), a[at + bottom], inside);
      for (var q = 0u; q < LANES; q++) {
        let w = loadB(bFrom, far, min(k0 + q, p.k - 1u));
        let x = subgroupShuffle(mineTop, q);
        let z = subgroupShuffle(mineBottom, q);
        for (var r = 0u; r < 4u; r++) {
          left[r] += x[r] * w.left;
          right[r] += x[r] * w.right;
          left[r + 4u] += z[r] * w.left;
          right[r + 4u] += z[r] * w.right;
        }
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) {
      store(base, row0 + r, leftColumn + j, left[r][j]);
      store(base, row0 + r, rightColumn + j, right[r][j]);
    }
  }
}
`,
}

const types = ['f32', 'bf16', 'f16'] as const

/** By element type of b: f32, bf16, f16. */
export const nnVariants = types.map((dtype) => variant(rowMajor, { TRANS: 0, DTYPE: dtypeCode(dtype) }))
/** a transposed; both f32. */
export const tnVariant = variant(rowMajor, { TRANS: 1, DTYPE: 0 })
