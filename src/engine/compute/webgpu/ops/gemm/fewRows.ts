// out = a · bᵀ for a few rows of a, as decoding has one: each weight is read once and used at once, so that what counts is how
// many lanes read, and how much at once. A workgroup makes `fewRowsColumns` columns of all rows; its lanes go along the depth side by
// side, by vectors of 16 bytes of b.
import type { DType } from '../../../../dtype.ts'
import { dtypeCode, halves, maxGroups, ofTypes, type Shader, type Variant } from '../../shader.ts'
import { activationFunctions } from '../activations.ts'
import { gemmHead, type Sizes } from './params.ts'

/** A vector of WGSL holds the sums of a column. */
const mostRows = 4
export const fewRowsColumns = 4

const lanes = /* wgsl */ `
const LANES = 64u;
const COLUMNS = ${fewRowsColumns}u;
var<workgroup> partial: array<array<vec4f, COLUMNS>, LANES>;
`

/** WGSL: the lanes' sums s0 to s3 of each column, in partial[0]. */
const addLanes = /* wgsl */ `
  partial[lane] = array<vec4f, COLUMNS>(s0, s1, s2, s3);
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var c = 0u; c < COLUMNS; c++) { partial[lane][c] += partial[lane + half][c]; }
    }
    workgroupBarrier();
  }`

/** Whether there are few rows: of whole vectors, the shader makes such a product. */
export function hasFewRows({ m, n, transA, transB }: Pick<Sizes, 'm' | 'n' | 'transA' | 'transB'>): boolean {
  return m <= mostRows && transB && !transA && n <= maxGroups * fewRowsColumns
}

const four = (text: (i: number) => string) => [0, 1, 2, 3].map(text).join('\n')

/** WGSL: the loop along the depth, `b(column)` the first vector of a column in `weight`, and the sums s0 to s3 by row. */
const alongVectors = (packed: boolean) => {
  const parts = packed ? ['low', 'high'] : ['same']
  const add = (row: number) =>
    four((c) => `      s${c}[${row}] += ${parts.map((part, i) => `dot(x${i}, ${part}(w${c}))`).join(' + ')};`)
  return /* wgsl */ `
${four((c) => `  var s${c} = vec4f();`)}
  for (var v = lane; v < p.k / ${4 * parts.length}u; v += LANES) {
${four((c) => `    let w${c} = loadB(weight, b${c} + v);`)}
${four(
  (row) => /* wgsl */ `
    if (ROWS > ${row}u) {
      let at = (aFrom + ${row}u * p.lda) / 4u + ${parts.length}u * v;
${parts.map((_, i) => `      let x${i} = a[at + ${i}u];`).join('\n')}
${add(row)}
    }`,
)}
  }`
}

const unpack = /* wgsl */ `
fn low(w: vec4u) -> vec4f {
  if (DTYPE == 1u) { return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)); }
  return vec4f(floatOfHalf(w.x & 0xffffu), floatOfHalf(w.x >> 16u), floatOfHalf(w.y & 0xffffu), floatOfHalf(w.y >> 16u));
}
fn high(w: vec4u) -> vec4f { return low(w.zwzw); }
`
const partsOf = (packed: boolean) => (packed ? halves + unpack : 'fn same(w: vec4f) -> vec4f { return w; }')

/** One product, of up to four rows. */
const byVectors = (packed: boolean): Shader => ({
  name: packed ? 'gemmFewRowsHalves' : 'gemmFewRowsVectors',
  bindings: 'wrrrr',
  code: /* wgsl */ `
${gemmHead}
${partsOf(packed)}
@group(1) @binding(1) var<storage, read> a: array<vec4f>;
@group(1) @binding(2) var<storage, read> b: array<${packed ? 'vec4u' : 'vec4f'}>;
override ROWS: u32;
fn loadB(weight: u32, i: u32) -> ${packed ? 'vec4u' : 'vec4f'} { return b[i]; }
${lanes}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column0 = group.x * COLUMNS;
  let aFrom = aStart(group.z);
  let weight = 0u;
${four((c) => `  let b${c} = (bStart(group.z) + min(column0 + ${c}u, p.n - 1u) * p.ldb) / ${packed ? 8 : 4}u;`)}
${alongVectors(packed)}
${addLanes}
  if (lane < COLUMNS * ROWS) {
    store(outStart(group.z), lane % ROWS, column0 + lane / ROWS, partial[0][lane / ROWS][lane % ROWS]);
  }
}
`,
})

/** Products of one row with several weights, one behind the other in the grid; `gated`: f of the first by the second, in one output. */
const severalWeights = (count: number, packed: boolean, gated = false): Shader => {
  const all = Array.from({ length: count }, (_, i) => i)
  const outs = gated ? [0] : all
  const [type, width] = packed ? ['vec4u', 8] : ['vec4f', 4]
  return {
    name: `gemmFewRows${packed ? 'Halves' : 'Vectors'}${gated ? 'Gated' : `Of${count}`}`,
    bindings: `${'w'.repeat(outs.length)}r${'r'.repeat(count)}`,
    code: /* wgsl */ `
struct Params {
  ${outs.map((i) => `y${i}At: u32`).join(', ')}, aAt: u32, ${all.map((i) => `b${i}At: u32`).join(', ')},
  m: u32, n: u32, k: u32, lda: u32, ${all.map((i) => `n${i}: u32`).join(', ')}, kind: u32
}
@group(0) @binding(0) var<uniform> p: Params;
${outs.map((i) => `@group(1) @binding(${i}) var<storage, read_write> y${i}: array<f32>;`).join('\n')}
@group(1) @binding(${outs.length}) var<storage, read> a: array<vec4f>;
${all.map((i) => `@group(1) @binding(${outs.length + 1 + i}) var<storage, read> weight${i}: array<${type}>;`).join('\n')}
${partsOf(packed)}
${gated ? activationFunctions : ''}
const ROWS = 1u;
fn loadB(weight: u32, i: u32) -> ${type} {
${all
  .slice(1)
  .map((i) => `  if (weight == ${i}u) { return weight${i}[p.b${i}At / ${width}u + i]; }`)
  .join('\n')}
  return weight0[p.b0At / ${width}u + i];
}
${lanes}
// A column of a weight that has n; lanes below COLUMNS get one each.
fn columnOf(weight: u32, column0: u32, n: u32, lane: u32) -> f32 {
  let aFrom = p.aAt;
${four((c) => `  let b${c} = min(column0 + ${c}u, n - 1u) * (p.k / ${width}u);`)}
${alongVectors(packed)}
${addLanes}
  let sum = partial[0][lane % COLUMNS][0];
  workgroupBarrier();
  return sum;
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
${gated ? gatedColumns : columnsOf(all)}
}
`,
  }
}

const gatedColumns = /* wgsl */ `
  let column = group.x * COLUMNS + lane;
  let gate = columnOf(0u, group.x * COLUMNS, p.n0, lane);
  let up = columnOf(1u, group.x * COLUMNS, p.n1, lane);
  if (lane < COLUMNS && column < p.n0) { y0[p.y0At + column] = value(gate) * up; }`

const columnsOf = (all: readonly number[]) => /* wgsl */ `
  var tile = group.x;
  var weight = 0u;
  var n = p.n0;
${all
  .slice(1)
  .map(
    (i) => /* wgsl */ `
  if (weight == ${i - 1}u && tile >= (n + COLUMNS - 1u) / COLUMNS) {
    tile -= (n + COLUMNS - 1u) / COLUMNS;
    weight = ${i}u;
    n = p.n${i};
  }`,
  )
  .join('')}
  let sum = columnOf(weight, tile * COLUMNS, n, lane);
  let column = tile * COLUMNS + lane;
  if (lane < COLUMNS && column < n) {
${all.map((i) => `    if (weight == ${i}u) { y${i}[p.y${i}At + column] = sum; }`).join('\n')}
  }`

const [words, packed] = [byVectors(false), byVectors(true)]
const vectorVariants = [1, 2, 3, 4].map((ROWS) => ofTypes(packed, words, { ROWS }))
const severalVariants = [2, 3].map((count) => ofTypes(severalWeights(count, true), severalWeights(count, false)))
const gatedVariants = ofTypes(severalWeights(2, true, true), severalWeights(2, false, true))

/** Elements of b in 16 bytes. */
const widthOf = (dtype: DType) => (dtype === 'f32' ? 4 : 8)

/** The shader for a product of few rows, all of whole vectors: `places` are those of a, b and of matrices in a batch, in elements. */
export function fewRowsVariant(
  { m, k, lda, ldb }: Sizes,
  dtype: DType,
  aPlaces: readonly number[],
  bPlaces: readonly number[],
): Variant | null {
  const width = widthOf(dtype)
  const isWhole = [k, ldb, ...bPlaces].every((x) => x % width === 0) && [lda, ...aPlaces].every((x) => x % 4 === 0)
  return isWhole && k > 0 ? vectorVariants[m - 1][dtypeCode(dtype)] : null
}

/** The shader for one row with so many weights [n,k] of one type at these places; null where it takes one product each. */
export function severalVariant(
  count: number,
  gated: boolean,
  dtype: DType,
  [k, aPlace, ...bPlaces]: readonly number[],
): Variant | null {
  const width = widthOf(dtype)
  if (count < 2 || count > 3 || k === 0 || aPlace % 4 !== 0) return null
  if ([k, ...bPlaces].some((x) => x % width !== 0)) return null
  return (gated ? gatedVariants : severalVariants[count - 2])[dtypeCode(dtype)]
}
