// out = a · bᵀ where a subgroup is 8 lanes wide (software Vulkan), whose loads cost far more than its arithmetic. A
// workgroup is one subgroup and makes ROWS rows × 32 columns; lane l owns columns l, l + 8, l + 16, l + 24. Each lane
// holds one vector of every row and passes it around by shuffles, so a row is loaded once for all lanes. Loops have
// constant bounds, which the driver unrolls; past the end of k rows are zeros.
import { dtypeCode, halves } from '../../halves.ts'
import { variant, type Shader } from '../../shader.ts'
import { lanesHead, loadRows } from './smallLanes.ts'

/** Columns of a workgroup's tile. */
export const ntColumns = 32

/**
 * f32 b: 32 rows: with fewer, loads of b weigh too much where its rows lie a power of two apart and share a cache set.
 * Needs k, lda, ldb and the offsets of a and b to be multiples of 4.
 */
const words: Shader = {
  name: 'gemmSmallNt',
  bindings: 'wrrr',
  code: /* wgsl */ `
${lanesHead}
const ROWS = 32u;
@group(1) @binding(2) var<storage, read> b: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let column0 = group.x * ${ntColumns}u + lane;
  let aFrom = aStart(group.z) / 4u;
  let bFrom = bStart(group.z) / 4u;
  let depth = p.k / 4u;
  let b0 = bFrom + min(column0, p.n - 1u) * (p.ldb / 4u);
  let b1 = bFrom + min(column0 + 8u, p.n - 1u) * (p.ldb / 4u);
  let b2 = bFrom + min(column0 + 16u, p.n - 1u) * (p.ldb / 4u);
  let b3 = bFrom + min(column0 + 24u, p.n - 1u) * (p.ldb / 4u);
  var sums: array<vec4f, ROWS>;
  for (var k0 = 0u; k0 < depth; k0 += LANES) {
    ${loadRows}
    for (var q = 0u; q < LANES; q++) {
      let k = min(k0 + q, depth - 1u);
      let w0 = b[b0 + k];
      let w1 = b[b1 + k];
      let w2 = b[b2 + k];
      let w3 = b[b3 + k];
      for (var r = 0u; r < ROWS; r++) {
        let x = subgroupShuffle(mine[r], q);
        sums[r] += vec4f(dot(x, w0), dot(x, w1), dot(x, w2), dot(x, w3));
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) { store(base, row0 + r, column0 + 8u * j, sums[r][j]); }
  }
}
`,
}

/** 16-bit b: 8 rows. Needs k, ldb and b's offset to be multiples of 8, lda and a's offset of 4. */
const packed: Shader = {
  name: 'gemmSmallNtHalves',
  bindings: 'wrrr',
  code: /* wgsl */ `
${lanesHead}
${halves}
const ROWS = 8u;
@group(1) @binding(2) var<storage, read> b: array<vec4u>;

fn low(w: vec4u) -> vec4f {
  if (DTYPE == 1u) { return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)); }
  return vec4f(unpack2x16float(w.x), unpack2x16float(w.y));
}
fn high(w: vec4u) -> vec4f { return low(w.zwzw); }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let column0 = group.x * ${ntColumns}u + lane;
  let aFrom = aStart(group.z) / 4u;
  let bFrom = bStart(group.z) / 8u;
  let depth = p.k / 4u;
  let b0 = bFrom + min(column0, p.n - 1u) * (p.ldb / 8u);
  let b1 = bFrom + min(column0 + 8u, p.n - 1u) * (p.ldb / 8u);
  let b2 = bFrom + min(column0 + 16u, p.n - 1u) * (p.ldb / 8u);
  let b3 = bFrom + min(column0 + 24u, p.n - 1u) * (p.ldb / 8u);
  var sums: array<vec4f, ROWS>;
  for (var k0 = 0u; k0 < depth; k0 += LANES) {
    ${loadRows}
    for (var q = 0u; q < LANES; q += 2u) {
      let k = min(k0 + q, depth - 2u) / 2u;
      let w0 = b[b0 + k];
      let w1 = b[b1 + k];
      let w2 = b[b2 + k];
      let w3 = b[b3 + k];
      for (var r = 0u; r < ROWS; r++) {
        let x0 = subgroupShuffle(mine[r], q);
        let x1 = subgroupShuffle(mine[r], q + 1u);
        sums[r] += vec4f(dot(x0, low(w0)), dot(x0, low(w1)), dot(x0, low(w2)), dot(x0, low(w3)))
          + vec4f(dot(x1, high(w0)), dot(x1, high(w1)), dot(x1, high(w2)), dot(x1, high(w3)));
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) { store(base, row0 + r, column0 + 8u * j, sums[r][j]); }
  }
}
`,
}

export const ntVariants = [
  { variant: variant(words), rows: 32 },
  { variant: variant(packed, { DTYPE: dtypeCode('bf16') }), rows: 8 },
  { variant: variant(packed, { DTYPE: dtypeCode('f16') }), rows: 8 },
] as const
