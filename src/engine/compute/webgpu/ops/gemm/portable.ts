// Matrix product for any GPU: a workgroup of 8×8 invocations makes a 64×64 tile, 8×8 values each, through 64×16 tiles
// of both operands in workgroup memory. Any size, offset, transposition and element type of b.
import { halves, ofTypes, type Shader } from '../../shader.ts'
import { gemmHead } from './params.ts'

export const portableTile = 64

/** Sums by name, written out: drivers keep an array that a loop indexes in memory where they do not unroll the loop. */
const rows = [...Array(8).keys()]
const part = (r: number) => `a${r >> 2}[${r % 4}]`
const declareSums = rows.map((r) => `  var s${r}l = vec4f();\n  var s${r}h = vec4f();`).join('\n')
const addProducts = rows
  .map((r) => `      s${r}l = fma(vec4f(${part(r)}), b0, s${r}l);\n      s${r}h = fma(vec4f(${part(r)}), b1, s${r}h);`)
  .join('\n')
const storeSums = rows
  .flatMap((r) => rows.map((c) => `  store(base, row + ${r}u, column + ${c}u, s${r}${c < 4 ? 'l' : 'h'}[${c % 4}]);`))
  .join('\n')

const portable: Shader = {
  name: 'gemmPortable',
  bindings: 'wrrrr',
  code: /* wgsl */ `
${gemmHead}
${halves}
@group(1) @binding(1) var<storage, read> a: array<f32>;
@group(1) @binding(2) var<storage, read> b: array<u32>;

fn loadB(i: u32) -> f32 {
  if (DTYPE == 0u) { return bitcast<f32>(b[i]); }
  return floatOfHalf((b[i >> 1u] >> (16u * (i & 1u))) & 0xffffu);
}

const TILE = 64u;
const DEPTH = 16u;
// Tiles lie depth by depth; a row of one more vector keeps neighbouring depths in different banks.
const ROW = 17u;
var<workgroup> aTile: array<vec4f, 16 * 17>;
var<workgroup> bTile: array<vec4f, 16 * 17>;

// Four neighbours along the tile's side at one depth. Loads of neighbouring invocations are neighbours in memory:
// along the depth when the operand is stored that way, else along the side.
fn aVector(start: u32, side: u32, depth: u32) -> vec4f {
  var v = vec4f();
  if (depth >= p.k) { return v; }
  for (var j = 0u; j < 4u; j++) {
    if (side + j < p.m) {
      v[j] = a[start + select((side + j) * p.lda + depth, depth * p.lda + side + j, p.transA == 1u)];
    }
  }
  return v;
}

fn bVector(start: u32, side: u32, depth: u32) -> vec4f {
  var v = vec4f();
  if (depth >= p.k) { return v; }
  for (var j = 0u; j < 4u; j++) {
    if (side + j < p.n) {
      v[j] = loadB(start + select(depth * p.ldb + side + j, (side + j) * p.ldb + depth, p.transB == 1u));
    }
  }
  return v;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row0 = group.y * TILE;
  let column0 = group.x * TILE;
  let aFrom = aStart(group.z);
  let bFrom = bStart(group.z);
${declareSums}
  for (var k0 = 0u; k0 < p.k; k0 += DEPTH) {
    for (var i = local; i < DEPTH * 16u; i += 64u) {
      // i counts (side, depth) with the one that is contiguous in memory running fastest.
      let aSide = select(i / DEPTH, i % 16u, p.transA == 1u);
      let aDepth = select(i % DEPTH, i / 16u, p.transA == 1u);
      aTile[aDepth * ROW + aSide] = aVector(aFrom, row0 + 4u * aSide, k0 + aDepth);
      let bSide = select(i % 16u, i / DEPTH, p.transB == 1u);
      let bDepth = select(i / 16u, i % DEPTH, p.transB == 1u);
      bTile[bDepth * ROW + bSide] = bVector(bFrom, column0 + 4u * bSide, k0 + bDepth);
    }
    workgroupBarrier();
    let rows = (local / 8u) * 2u;
    let columns = (local % 8u) * 2u;
    for (var k = 0u; k < DEPTH; k++) {
      let a0 = aTile[k * ROW + rows];
      let a1 = aTile[k * ROW + rows + 1u];
      let b0 = bTile[k * ROW + columns];
      let b1 = bTile[k * ROW + columns + 1u];
${addProducts}
    }
    workgroupBarrier();
  }
  let base = outStart(group.z);
  let row = row0 + (local / 8u) * 8u;
  let column = column0 + (local % 8u) * 8u;
${storeSums}
}
`,
}

/** By element type of b: f32, bf16, f16. */
export const portableVariants = ofTypes(portable)
