// Products on tensor cores: f16 inputs, f32 sums, through Dawn's experimental subgroup matrices. f32 inputs are rounded to f16
// on their way into the workgroup's memory, so that this is no product for what must agree to f32; it runs where it is asked
// for. A workgroup of four subgroups makes 64 × 64 outputs, each subgroup a quarter.
import { dtypeCode, floatTypes, halves, type Shader, variant, type Variant } from '../../shader.ts'
import { gemmHead } from './params.ts'

/** One of the adapter's matrix shapes: M × K times K × N. */
interface MatrixShape {
  readonly m: number
  readonly n: number
  readonly k: number
}

export interface TensorCores {
  readonly shape: MatrixShape
  readonly subgroupSize: number
}

export const tensorTile = 64
/** Side of a subgroup's part of the tile, and the depth of a tile. */
const quarter = 32

const fits = ({ m, n, k }: MatrixShape) => [m, n, k].every((size) => quarter % size === 0)

/** The configuration to use: f16 inputs with f32 sums, 16 × 16 × 16 if there is a choice. null when there is none. */
export function chooseShape(configs: readonly SubgroupMatrixConfig[]): MatrixShape | null {
  const shapes = configs
    .filter((c) => c.componentType === 'f16' && c.resultComponentType === 'f32')
    .map(({ M, N, K }) => ({ m: M, n: N, k: K }))
    .filter(fits)
  return shapes.find(({ m, n, k }) => m === 16 && n === 16 && k === 16) ?? shapes[0] ?? null
}

/** A configuration as dawn.node gives it; the types of WebGPU lack it. */
export interface SubgroupMatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}

/** WGSL: elements of op(a) by row and of op(b) by column, 0 outside, and their rounding; what f16 cannot hold becomes its largest. */
const loads = /* wgsl */ `
fn loadB(i: u32) -> f32 {
  if (DTYPE == 0u) { return bitcast<f32>(b[i]); }
  return floatOfHalf((b[i >> 1u] >> (16u * (i & 1u))) & 0xffffu);
}
fn narrow(x: f32) -> f16 { return f16(clamp(x, -65504.0, 65504.0)); }

fn aValue(start: u32, side: u32, depth: u32) -> f32 {
  if (side >= p.m || depth >= p.k) { return 0.0; }
  return a[start + select(side * p.lda + depth, depth * p.lda + side, p.transA == 1u)];
}
fn bValue(start: u32, side: u32, depth: u32) -> f32 {
  if (side >= p.n || depth >= p.k) { return 0.0; }
  return loadB(start + select(depth * p.ldb + side, side * p.ldb + depth, p.transB == 1u));
}
`

function shader({ shape: { m, n, k }, subgroupSize }: TensorCores): Shader {
  const threads = 4 * subgroupSize
  const [down, across] = [quarter / m, quarter / n]
  const each = (count: number, text: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => text(i)).join('\n')
  return {
    name: `gemmTensor${m}x${n}x${k}of${subgroupSize}`,
    bindings: 'wrrr',
    code: /* wgsl */ `
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
${gemmHead}
${halves}
@group(1) @binding(1) var<storage, read> a: array<f32>;
@group(1) @binding(2) var<storage, read> b: array<u32>;

alias Left = subgroup_matrix_left<f16, ${k}, ${m}>;
alias Right = subgroup_matrix_right<f16, ${n}, ${k}>;
alias Sum = subgroup_matrix_result<f32, ${n}, ${m}>;
const TILE = ${tensorTile}u;
const DEPTH = ${quarter}u;
// Rows are padded so that those of a matrix lie in different banks.
const ROW = DEPTH + 8u;
// Rows of op(a), and columns of op(b), along the depth.
var<workgroup> aTile: array<f16, ${tensorTile * (quarter + 8)}>;
var<workgroup> bTile: array<f16, ${tensorTile * (quarter + 8)}>;
var<workgroup> results: array<f32, ${4 * m * n}>;

${loads}
@compute @workgroup_size(${threads})
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
  }
}

/** By element type of b: f32, bf16, f16. */
export function tensorVariants(cores: TensorCores): readonly Variant[] {
  const made = shader(cores)
  return floatTypes.map((dtype) => variant(made, { DTYPE: dtypeCode(dtype) }))
}
