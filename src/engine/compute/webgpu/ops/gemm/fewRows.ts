// out = a · bᵀ for a few rows of a, as decoding has one: each weight is read once and used at once, so that what counts is how
// many lanes read. A workgroup makes `fewRowsColumns` columns of all rows; its lanes go along the depth side by side.
import { floatTypes, dtypeCode } from '../../halves.ts'
import { maxGroups, variant, type Shader } from '../../shader.ts'
import type { Sizes } from './params.ts'
import { scalarOperands } from './scalarOperands.ts'

/** A vector of WGSL holds the sums of a column. */
const mostRows = 4
export const fewRowsColumns = 4

const fewRows: Shader = {
  name: 'gemmFewRows',
  bindings: 'wrrr',
  code: /* wgsl */ `
${scalarOperands}

const LANES = 64u;
const COLUMNS = ${fewRowsColumns}u;
var<workgroup> partial: array<array<vec4f, COLUMNS>, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column0 = group.x * COLUMNS;
  let a0 = aStart(group.z);
  // Rows that are not there repeat the last one, and are not stored.
  let a1 = a0 + min(1u, p.m - 1u) * p.lda;
  let a2 = a0 + min(2u, p.m - 1u) * p.lda;
  let a3 = a0 + min(3u, p.m - 1u) * p.lda;
  let bFrom = bStart(group.z);
  let b0 = bFrom + min(column0, p.n - 1u) * p.ldb;
  let b1 = bFrom + min(column0 + 1u, p.n - 1u) * p.ldb;
  let b2 = bFrom + min(column0 + 2u, p.n - 1u) * p.ldb;
  let b3 = bFrom + min(column0 + 3u, p.n - 1u) * p.ldb;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var k = lane; k < p.k; k += LANES) {
    let x = vec4f(a[a0 + k], a[a1 + k], a[a2 + k], a[a3 + k]);
    s0 = fma(x, vec4f(loadB(b0 + k)), s0);
    s1 = fma(x, vec4f(loadB(b1 + k)), s1);
    s2 = fma(x, vec4f(loadB(b2 + k)), s2);
    s3 = fma(x, vec4f(loadB(b3 + k)), s3);
  }
  partial[lane] = array<vec4f, COLUMNS>(s0, s1, s2, s3);
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var c = 0u; c < COLUMNS; c++) { partial[lane][c] += partial[lane + half][c]; }
    }
    workgroupBarrier();
  }
  if (lane < COLUMNS * ${mostRows}u) {
    store(outStart(group.z), lane % ${mostRows}u, column0 + lane / ${mostRows}u, partial[0][lane / ${mostRows}u][lane % ${mostRows}u]);
  }
}
`,
}

/** By element type of b: f32, bf16, f16. */
export const fewRowsVariants = floatTypes.map((dtype) => variant(fewRows, { DTYPE: dtypeCode(dtype) }))

/** Whether the shader makes such a product. */
export function hasFewRows({ m, n, transA, transB }: Pick<Sizes, 'm' | 'n' | 'transA' | 'transB'>): boolean {
  return m <= mostRows && transB && !transA && n <= maxGroups * fewRowsColumns
}
