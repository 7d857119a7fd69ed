// out = a · b with b row-major, where a subgroup is 8 lanes wide: lanes lie along the columns and load vectors of b; a
// is spread over the lanes and passed around by shuffles (see smallNt.ts). Past the last column the last vector is read
// again; such results are not stored.
import { dtypeCode, halves } from '../../halves.ts'
import { variant, type Shader } from '../../shader.ts'
import { lanesHead, loadRows } from './smallLanes.ts'

/** f32 b: 32 rows × 32 columns, a lane one vector of each row. Needs k, n, lda, ldb and both offsets in multiples of 4. */
const words: Shader = {
  name: 'gemmSmallNn',
  bindings: 'wrrr',
  code: /* wgsl */ `
${lanesHead}
const ROWS = 32u;
@group(1) @binding(2) var<storage, read> b: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let column0 = group.x * 32u + 4u * lane;
  let aFrom = aStart(group.z) / 4u;
  let ldb = p.ldb / 4u;
  let bFrom = bStart(group.z) / 4u + min(column0 / 4u, p.n / 4u - 1u);
  var sums: array<vec4f, ROWS>;
  let depth = p.k / 4u;
  for (var k0 = 0u; k0 < depth; k0 += LANES) {
    ${loadRows}
    for (var q = 0u; q < LANES; q++) {
      let k = bFrom + 4u * min(k0 + q, depth - 1u) * ldb;
      let w0 = b[k];
      let w1 = b[k + ldb];
      let w2 = b[k + 2u * ldb];
      let w3 = b[k + 3u * ldb];
      for (var r = 0u; r < ROWS; r++) {
        let x = subgroupShuffle(mine[r], q);
        sums[r] += x.x * w0 + x.y * w1 + x.z * w2 + x.w * w3;
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) { store(base, row0 + r, column0 + j, sums[r][j]); }
  }
}
`,
}

/**
 * 16-bit b: a workgroup makes 8 rows × 64 columns, a lane one packed vector of 8 neighbouring columns. Needs k, lda and
 * a's offset in multiples of 4, n, ldb and b's offset of 8.
 */
const packed: Shader = {
  name: 'gemmSmallNnHalves',
  bindings: 'wrrr',
  code: /* wgsl */ `
${lanesHead}
${halves}
const ROWS = 8u;
@group(1) @binding(2) var<storage, read> b: array<vec4u>;

struct Columns { left: vec4f, right: vec4f }

fn unpack(w: vec4u) -> Columns {
  if (DTYPE == 1u) {
    return Columns(
      bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)),
      bitcast<vec4f>(vec4u(w.z << 16u, w.z & 0xffff0000u, w.w << 16u, w.w & 0xffff0000u)));
  }
  return Columns(
    vec4f(unpack2x16float(w.x), unpack2x16float(w.y)), vec4f(unpack2x16float(w.z), unpack2x16float(w.w)));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let column0 = group.x * 64u + 8u * lane;
  let aFrom = aStart(group.z) / 4u;
  let ldb = p.ldb / 8u;
  let bFrom = bStart(group.z) / 8u + min(column0 / 8u, p.n / 8u - 1u);
  let depth = p.k / 4u;
  var left: array<vec4f, ROWS>;
  var right: array<vec4f, ROWS>;
  for (var k0 = 0u; k0 < depth; k0 += LANES) {
    ${loadRows}
    for (var q = 0u; q < LANES; q++) {
      let k = bFrom + 4u * min(k0 + q, depth - 1u) * ldb;
      let w0 = unpack(b[k]);
      let w1 = unpack(b[k + ldb]);
      let w2 = unpack(b[k + 2u * ldb]);
      let w3 = unpack(b[k + 3u * ldb]);
      for (var r = 0u; r < ROWS; r++) {
        let x = subgroupShuffle(mine[r], q);
        left[r] += x.x * w0.left + x.y * w1.left + x.z * w2.left + x.w * w3.left;
        right[r] += x.x * w0.right + x.y * w1.right + x.z * w2.right + x.w * w3.right;
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) {
      store(base, row0 + r, column0 + j, left[r][j]);
      store(base, row0 + r, column0 + 4u + j, right[r][j]);
    }
  }
}
`,
}

const wordsTile = { rows: 32, columns: 32 } as const
const packedTile = { rows: 8, columns: 64 } as const

/** By element type of b: f32, bf16, f16. */
export const nnVariants = [
  { variant: variant(words), ...wordsTile },
  { variant: variant(packed, { DTYPE: dtypeCode('bf16') }), ...packedTile },
  { variant: variant(packed, { DTYPE: dtypeCode('f16') }), ...packedTile },
] as const
