// out = a · bᵀ for a few rows of a; decoding has one row. Each weight is read and used only once, so speed depends on how many lanes
// read, and how much each reads at once. A workgroup computes `fewRowsColumns` columns of all rows; its lanes go along the depth side
// by side, in vectors of 16 bytes of b.
import type { DType } from '../../../../dtype.ts'
import type { Tensor } from '../../../tensor.ts'
import { defineShader, dtypeCode, four, fourHalves, halves, maxGroups, ofTypes } from '../../shader.ts'
import type { Shader, Variant } from '../../shader.ts'
import { activationFunctions } from '../activations.ts'
import { gemmShader, type Sizes } from './params.ts'

/** One vec4f holds the sums of a column, one for each row. */
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

/** Whether a product has few enough rows for these shaders, which also need whole vectors (`fewRowsVariant`). */
export function hasFewRows({ m, n, transA, transB }: Pick<Sizes, 'm' | 'n' | 'transA' | 'transB'>): boolean {
  return m <= mostRows && transB && !transA && n <= maxGroups * fewRowsColumns
}

/** WGSL: the loop along the depth. b0 to b3 are the first vectors of the columns in `weight`, s0 to s3 the columns' sums by row. */
const alongVectors = (packed: boolean) => {
  const parts = packed ? ['xy', 'zw'].map((half) => (w: string) => `fourHalves(${w}.${half})`) : [(w: string) => w]
  const add = (row: number) =>
    four((c) => `      s${c}[${row}] += ${parts.map((part, i) => `dot(x${i}, ${part(`w${c}`)})`).join(' + ')};`)
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

const partsOf = (packed: boolean) => (packed ? halves + fourHalves : '')

/** One product, of up to four rows. */
const byVectors = (packed: boolean): Shader =>
  gemmShader(
    packed ? 'gemmFewRowsHalves' : 'gemmFewRowsVectors',
    { a: 'vec4f', b: packed ? 'vec4u' : 'vec4f' },
    /* wgsl */ `
${partsOf(packed)}
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
  )

/** Products of one row with several weights, whose tiles follow one another in the grid; `gated`: f(first) ⊙ second, in one output. */
const severalWeights = (count: number, packed: boolean, gated = false): Shader => {
  const all = Array.from({ length: count }, (_, i) => i)
  const outs = gated ? [0] : all
  const [type, width] = packed ? (['vec4u', 8] as const) : (['vec4f', 4] as const)
  const named = <T>(indices: readonly number[], name: string, value: T) =>
    Object.fromEntries(indices.map((i) => [`${name}${i}`, value]))
  return defineShader(
    `gemmFewRows${packed ? 'Halves' : 'Vectors'}${gated ? 'Gated' : `Of${count}`}`,
    { ...named(outs, 'y', 'rw f32' as const), a: 'vec4f', ...named(all, 'weight', type) },
    { m: 'u32', n: 'u32', k: 'u32', lda: 'u32', ...named(all, 'n', 'u32' as const), kind: 'u32' },
    /* wgsl */ `
${partsOf(packed)}
${gated ? activationFunctions : ''}
const ROWS = 1u;
fn loadB(weight: u32, i: u32) -> ${type} {
${all
  .slice(1)
  .map((i) => `  if (weight == ${i}u) { return weight${i}[p.weight${i}At / ${width}u + i]; }`)
  .join('\n')}
  return weight0[p.weight0At / ${width}u + i];
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
  )
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

/** The shader for a product of few rows; null unless all operands consist of whole vectors. */
export function fewRowsVariant({ m, k, lda, ldb, a, b }: Sizes & { a: Tensor; b: Tensor }): Variant | null {
  const width = widthOf(b.dtype)
  const isWhole = [k, ldb, b.offset].every((x) => x % width === 0) && [lda, a.offset].every((x) => x % 4 === 0)
  return isWhole && k > 0 ? vectorVariants[m - 1][dtypeCode(b.dtype)] : null
}

/** The shader for one row with several weights [n,k] of one type; null if each weight needs a product of its own. */
export function severalVariant(input: Tensor, weights: readonly Tensor[], gated: boolean): Variant | null {
  const [{ length: count }, { dtype }] = [weights, weights[0]]
  const width = widthOf(dtype)
  if (count < 2 || count > 3 || input.length === 0 || input.offset % 4 !== 0) return null
  if ([input.length, ...weights.map(({ offset }) => offset)].some((x) => x % width !== 0)) return null
  return (gated ? gatedVariants : severalVariants[count - 2])[dtypeCode(dtype)]
}
