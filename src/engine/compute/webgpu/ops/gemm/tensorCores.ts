// Products on matrix units with f32 sums, through Dawn's experimental subgroup matrices. They are used only on request. Inputs are f16
// if the adapter supports that: f32 inputs are then rounded, and exact products (multiply.ts) use other shaders. Metal has f32 inputs
// too. A workgroup of four subgroups computes 64 × 64 outputs, each subgroup a quarter.
import { floatsOf, halves, ofTypes, type Shader, type TensorProducts } from '../../shader.ts'
import { gemmShader } from './params.ts'

/** One of the adapter's matrix shapes: M × K times K × N. */
interface MatrixShape {
  readonly m: number
  readonly n: number
  readonly k: number
}

export interface TensorCores {
  readonly shape: MatrixShape
  readonly input: 'f16' | 'f32'
  /** Lanes of a subgroup; `fixesSize`: the adapter has others too, and the shader asks for these. */
  readonly subgroupSize: number
  readonly fixesSize?: boolean
  /** WGSL's name of the extension. */
  readonly extension: string
}

export const tensorTile = 64
/** Side of a subgroup's part of the tile. */
const quarter = 32
/** Depth of a tile, and padding elements per row, which keep the rows of a matrix in different banks. */
const depths = { f16: { depth: 32, padding: 8 }, f32: { depth: 16, padding: 4 } } as const

/** The configuration to use, with f32 sums: f16 inputs before f32, 16 × 16 × 16 if there is a choice. null when there is none. */
export function chooseShape(configs: readonly SubgroupMatrixConfig[]): Pick<TensorCores, 'shape' | 'input'> | null {
  for (const input of ['f16', 'f32'] as const) {
    const shapes = configs
      .filter((c) => c.componentType === input && c.resultComponentType === 'f32')
      .map(({ M, N, K }) => ({ m: M, n: N, k: K }))
      .filter(({ m, n, k }) => quarter % m === 0 && quarter % n === 0 && depths[input].depth % k === 0)
    const shape = shapes.find(({ m, n, k }) => m === 16 && n === 16 && k === 16) ?? shapes[0]
    if (shape) return { shape, input }
  }
  return null
}

/** A configuration as dawn.node gives it; the types of WebGPU lack it. */
export interface SubgroupMatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}

/** WGSL: values beyond the range of f16 become its largest finite value. */
const narrow = {
  f16: 'fn narrow(x: f32) -> f16 { return f16(clamp(x, -65504.0, 65504.0)); }',
  f32: 'fn narrow(x: f32) -> f32 { return x; }',
}

/** WGSL: elements of op(a) by row and of op(b) by column, 0 outside. */
const loads = /* wgsl */ `${floatsOf('b')}
fn aValue(start: u32, side: u32, depth: u32) -> f32 {
  if (side >= p.m || depth >= p.k) { return 0.0; }
  return a[start + select(side * p.lda + depth, depth * p.lda + side, p.transA == 1u)];
}
fn bValue(start: u32, side: u32, depth: u32) -> f32 {
  if (side >= p.n || depth >= p.k) { return 0.0; }
  return bFloat(start + select(depth * p.ldb + side, side * p.ldb + depth, p.transB == 1u));
}
`

function shader({ shape: { m, n, k }, input, subgroupSize, fixesSize = false, extension }: TensorCores): Shader {
  const threads = 4 * subgroupSize
  const { depth, padding } = depths[input]
  const row = depth + padding
  const [down, across] = [quarter / m, quarter / n]
  const each = (count: number, text: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => text(i)).join('\n')
  const enables = ['subgroups', extension]
  if (input === 'f16') enables.unshift('f16')
  if (fixesSize) enables.push('subgroup_size_control')
  return gemmShader(
    `gemmTensor${m}x${n}x${k}${input}of${subgroupSize}${fixesSize ? 'asked' : ''}`,
    { a: 'f32', b: 'u32' },
    /* wgsl */ `
${halves}
alias Left = subgroup_matrix_left<${input}, ${k}, ${m}>;
alias Right = subgroup_matrix_right<${input}, ${n}, ${k}>;
alias Sum = subgroup_matrix_result<f32, ${n}, ${m}>;
const TILE = ${tensorTile}u;
const DEPTH = ${depth}u;
const ROW = ${row}u;
// Rows of op(a), and columns of op(b), along the depth.
var<workgroup> aTile: array<${input}, ${tensorTile * row}>;
var<workgroup> bTile: array<${input}, ${tensorTile * row}>;
var<workgroup> results: array<f32, ${4 * m * n}>;

${loads}
${narrow[input]}
@compute @workgroup_size(${threads}) ${fixesSize ? `@subgroup_size(${subgroupSize})` : ''}
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(subgroup_id) own: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = group.y * TILE;
  let column0 = group.x * TILE;
  let aFrom = aStart(group.z);
  let bFrom = bStart(group.z);
  let top = (own / 2u) * ${quarter}u;
  let left = (own % 2u) * ${quarter}u;
${each(down * across, (i) => `  var sum${i}: Sum;`)}
  for (var k0 = 0u; k0 < p.k; k0 += DEPTH) {
    for (var i = local; i < TILE * DEPTH; i += ${threads}u) {
      // i counts (side, depth) with the one that is contiguous in memory running fastest.
      let aSide = select(i / DEPTH, i % TILE, p.transA == 1u);
      let aDepth = select(i % DEPTH, i / TILE, p.transA == 1u);
      aTile[aSide * ROW + aDepth] = narrow(aValue(aFrom, row0 + aSide, k0 + aDepth));
      let bSide = select(i % TILE, i / DEPTH, p.transB == 1u);
      let bDepth = select(i / TILE, i % DEPTH, p.transB == 1u);
      bTile[bSide * ROW + bDepth] = narrow(bValue(bFrom, column0 + bSide, k0 + bDepth));
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k += ${k}u) {
${each(down, (r) => `      let a${r} = subgroupMatrixLoad<Left, row_major>(&aTile, (top + ${r * m}u) * ROW + k, ROW);`)}
${each(across, (c) => `      let b${c} = subgroupMatrixLoad<Right, col_major>(&bTile, (left + ${c * n}u) * ROW + k, ROW);`)}
${each(down * across, (i) => `      sum${i} = subgroupMatrixMultiplyAccumulate(a${Math.floor(i / across)}, b${i % across}, sum${i});`)}
    }
    workgroupBarrier();
  }
  let base = outStart(group.z);
${each(
  down * across,
  (i) => /* wgsl */ `
  subgroupMatrixStore<row_major>(&results, own * ${m * n}u, sum${i}, ${n}u);
  workgroupBarrier();
  for (var e = lane; e < ${m * n}u; e += ${subgroupSize}u) {
    store(base, row0 + top + ${Math.floor(i / across) * m}u + e / ${n}u, column0 + left + ${(i % across) * n}u + e % ${n}u, results[own * ${m * n}u + e]);
  }
  workgroupBarrier();`,
)}
}
`,
    enables.map((one) => `enable ${one};\n`).join(''),
  )
}

export const tensorProducts = (cores: TensorCores): TensorProducts => ({
  variants: ofTypes(shader(cores)),
  rounds: cores.input === 'f16',
})
