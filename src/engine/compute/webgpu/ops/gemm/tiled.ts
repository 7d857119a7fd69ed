// Matrix product whose rows are whole vectors of four: 128-bit loads and stores. A workgroup makes a tile of 128 × 128 with 256 lanes,
// or of 64 × 64 with 64; a lane makes 8 × 8 of it as 2 × 2 blocks of 4 × 4, half a tile apart, so that neighbouring lanes read
// neighbouring vectors. Where tiles are few, 256 lanes make 64 × 64, a block each: more lanes are at work, with more reads each. The next 16 of the depth are loaded while the last are multiplied. Sums go along the depth one by one, as
// those of `portable` do: both give the same bytes.
import {
  defineShader,
  floatsOf,
  fourHalves,
  halves,
  ofTypes,
  type Params,
  type Shader,
  type Tensors,
  variant,
  type Variant,
} from '../../shader.ts'
import { activationFunctions } from '../activations.ts'
import { gemmFields, places } from './params.ts'

/** What becomes of a sum. Every tensor but out, a and b is the epilogue's own. */
interface Epilogue {
  readonly name: string
  /** Also rowSums[m] += the sums of the rows of op(a), sixteen parts of each added up as by `columnSums`. */
  readonly sumsRows?: boolean
  readonly tensors: Tensors
  readonly params: Params
  /** WGSL: `fn finish(z: u32, i: u32, row: u32, column: u32, sum: vec4f) -> vec4f`, i the place in out, in vectors, z the matrix of a batch. */
  readonly code: string
}

const plain: Epilogue = {
  name: '',
  tensors: { bias: 'f32', residual: 'vec4f' },
  params: { hasBias: 'u32', hasResidual: 'u32', biasStep: 'u32' },
  code: /* wgsl */ `
fn finish(z: u32, i: u32, row: u32, column: u32, sum: vec4f) -> vec4f {
  var value = p.alpha * sum;
  let at = p.biasAt + z * p.biasStep + column;
  if (p.hasBias == 1u) { value += vec4f(bias[at], bias[at + 1u], bias[at + 2u], bias[at + 3u]); }
  if (p.hasResidual == 1u) { value += residual[p.residualAt / 4u + i - p.yAt / 4u]; }
  if (p.beta != 0.0) { value += p.beta * y[i]; }
  return value;
}`,
}

const kept = /* wgsl */ `
fn kept(z: u32, row: u32, column: u32) -> vec4<bool> {
  let bits = mask[p.maskAt + z * p.maskStep + row * p.rowWords + (column >> 5u)] >> (column & 31u);
  return (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u();
}`

/** The sum where the mask keeps the weight, else 0. */
const masked: Epilogue = {
  name: 'Masked',
  tensors: { mask: 'u32' },
  params: { rowWords: 'u32', maskStep: 'u32' },
  code: /* wgsl */ `${kept}
fn finish(z: u32, i: u32, row: u32, column: u32, sum: vec4f) -> vec4f { return select(vec4f(), sum, kept(z, row, column)); }`,
}

/** The same of a gradient's product, and that of the bias. */
const summed: Epilogue = {
  ...masked,
  name: 'Summed',
  tensors: { ...masked.tensors, rowSums: 'rw f32' },
  params: { ...masked.params, rowSumsStep: 'u32' },
  sumsRows: true,
}

/** Weights of a batch of products, each in a tensor of its own. */
export const mostMerged = 3
const eachWeight = [...Array(mostMerged).keys()]

/** weight + alpha · sum where the mask keeps it; b is f32, and DTYPE is the weights'. */
const merged: Epilogue = {
  name: 'Merged',
  tensors: { mask: 'u32', ...Object.fromEntries(eachWeight.map((w) => [`weight${w}`, 'u32' as const])) },
  params: { ...masked.params, hasMask: 'u32' },
  code: /* wgsl */ `${kept}
${eachWeight.map((w) => floatsOf(`weight${w}`)).join('')}
fn weightAt(z: u32, i: u32) -> f32 {
${eachWeight.map((w) => `  if (z == ${w}u) { return weight${w}Float(p.weight${w}At + i); }`).join('\n')}
  return 0.0;
}
fn finish(z: u32, i: u32, row: u32, column: u32, sum: vec4f) -> vec4f {
  let at = row * p.n + column;
  var delta = p.alpha * sum;
  if (p.hasMask == 1u) { delta = select(vec4f(), delta, kept(z, row, column)); }
  return vec4f(weightAt(z, at), weightAt(z, at + 1u), weightAt(z, at + 2u), weightAt(z, at + 3u)) + delta;
}`,
}

/** The sum times the slope of an activation at x, whose rows are as far apart as those of out. */
const sloped: Epilogue = {
  name: 'Sloped',
  tensors: { x: 'vec4f' },
  params: { kind: 'u32' },
  code: /* wgsl */ `${activationFunctions}
fn finish(z: u32, i: u32, row: u32, column: u32, sum: vec4f) -> vec4f {
  let at = x[p.xAt / 4u + i - p.yAt / 4u];
  return sum * vec4f(slope(at.x), slope(at.y), slope(at.z), slope(at.w));
}`,
}

/** Side of a tile, and blocks of a lane along it. */
interface Tile {
  readonly side: 128 | 64
  readonly blocks: 1 | 2
}
const depth = 16

const lanesOf = ({ side, blocks }: Tile) => (side / (4 * blocks)) ** 2

/** WGSL: four neighbours along the depth of four neighbours along the side, or the other way round, as columns along the side. */
const block = (name: 'a' | 'b', along: string, count: string) => /* wgsl */ `
fn ${name}Block(start: u32, side: u32, depth: u32) -> mat4x4f {
  if (${along}) {
    let column = start + min(side, ${count} - 4u);
    return mat4x4f(
      select(vec4f(), load${name}(column + min(depth, p.k - 1u) * p.ld${name}), depth < p.k),
      select(vec4f(), load${name}(column + min(depth + 1u, p.k - 1u) * p.ld${name}), depth + 1u < p.k),
      select(vec4f(), load${name}(column + min(depth + 2u, p.k - 1u) * p.ld${name}), depth + 2u < p.k),
      select(vec4f(), load${name}(column + min(depth + 3u, p.k - 1u) * p.ld${name}), depth + 3u < p.k),
    );
  }
  let row = start + min(depth, p.k - 4u);
  let last = ${count} - 1u;
  let m = mat4x4f(
    load${name}(row + min(side, last) * p.ld${name}),
    load${name}(row + min(side + 1u, last) * p.ld${name}),
    load${name}(row + min(side + 2u, last) * p.ld${name}),
    load${name}(row + min(side + 3u, last) * p.ld${name}),
  );
  if (depth < p.k) { return transpose(m); }
  return mat4x4f();
}`

const loads = (packed: boolean) => /* wgsl */ `
fn loada(i: u32) -> vec4f { return a[i / 4u]; }
fn loadb(i: u32) -> vec4f { return ${packed ? 'fourHalves(b[i / 4u])' : 'b[i / 4u]'}; }`

/** For each row of a lane, and each of its blocks across. */
const each = ({ blocks }: Tile, text: (row: number, block: number) => string) =>
  Array.from({ length: 4 * blocks * blocks }, (_, i) => text(Math.floor(i / blocks), i % blocks)).join('\n')

function tiled(tile: Tile, packed: boolean, epilogue: Epilogue): Shader {
  return defineShader(
    `gemmTiled${epilogue.name}${tile.side}by${lanesOf(tile)}${packed ? 'Halves' : ''}`,
    { y: 'rw vec4f', a: 'vec4f', b: packed ? 'vec2u' : 'vec4f', ...epilogue.tensors },
    { ...gemmFields, ...epilogue.params },
    /* wgsl */ `
${places}
${packed || epilogue === merged ? halves + fourHalves : ''}
${loads(packed)}
${block('a', 'p.transA == 1u', 'p.m')}
${block('b', 'p.transB == 0u', 'p.n')}
${epilogue.code}
fn put(z: u32, start: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= p.m || column >= p.n) { return; }
  let i = (start + row * p.ldc + column) / 4u;
  y[i] = finish(z, i, row, column, sum);
}
${mainOf(tile, epilogue.sumsRows === true)}`,
  )
}

/** WGSL: blocks on their way. Of 256 lanes some fetch one of a and as many one of b; 64 fetch one of each. */
function blocksOf(tile: Tile) {
  if (lanesOf(tile) >= 2 * tile.side)
    return {
      declare: `  let isA = local < TILE;
  let side = 4u * select(bSide, aSide, isA);
  let deep = 4u * select(bDeep, aDeep, isA);
  let slot = select(bSlot, aSlot, isA);
  var next: mat4x4f;`,
      fetch: (at: string) => /* wgsl */ `
    if (isA) { next = aBlock(aFrom, row0 + side, ${at} + deep); }
    else if (local < 2u * TILE) { next = bBlock(bFrom, column0 + side, ${at} + deep); }`,
      add: 'if (isA) { parts += next; }',
      keep: (to: string) => /* wgsl */ `
    if (local < 2u * TILE) {
      for (var j = 0u; j < 4u; j++) { tiles[${to} + slot + j * ROW] = next[j]; }
    }`,
    }
  return {
    declare: '  var nextA: mat4x4f;\n  var nextB: mat4x4f;',
    fetch: (at: string) => /* wgsl */ `
    nextA = aBlock(aFrom, row0 + 4u * aSide, ${at} + 4u * aDeep);
    nextB = bBlock(bFrom, column0 + 4u * bSide, ${at} + 4u * bDeep);`,
    add: 'parts += nextA;',
    keep: (to: string) => /* wgsl */ `
    for (var j = 0u; j < 4u; j++) {
      tiles[${to} + aSlot + j * ROW] = nextA[j];
      tiles[${to} + bSlot + j * ROW] = nextB[j];
    }`,
  }
}

/** WGSL: the lanes that fetched a of a tile of the first columns put their parts side by side. */
const totalOfParts = /* wgsl */ `
  if (local < TILE) {
    for (var j = 0u; j < 4u; j++) { tiles[(4u * aDeep + j) * ROW + aSide] = parts[j]; }
  }
  workgroupBarrier();
  if (group.x == 0u && local < ROW) {
    var all = vec4f();
    for (var part = 0u; part < DEPTH; part++) { all += tiles[part * ROW + local]; }
    for (var i = 0u; i < 4u; i++) {
      let row = row0 + 4u * local + i;
      if (row < p.m) { rowSums[p.rowSumsAt + group.z * p.rowSumsStep + row] += all[i]; }
    }
  }`

/** WGSL: `main`, by aBlock, bBlock and put. */
export function mainOf(tile: Tile, sumsRows: boolean): string {
  const { side, blocks } = tile
  const row = side / 4
  const { declare, fetch, add, keep } = blocksOf(tile)
  // A lane's part of four rows at each of its four depths.
  const [parts, addPart] = sumsRows ? ['  var parts = mat4x4f();', `    ${add}`] : ['', '']
  return /* wgsl */ `
const TILE = ${side}u;
const DEPTH = ${depth}u;
// Vectors of a tile's side, and lanes along it.
const ROW = ${row}u;
const ACROSS = ${row / blocks}u;
const SLAB = ROW * DEPTH;
// 2 where the device has the memory: then a step needs one barrier.
override BUFFERS: u32;
// Depth by depth, first of a and then of b. Within a depth, vector i is at i ^ 2(depth / 4): lanes that write blocks of
// four depths, and lanes that read one depth, then meet in no bank.
var<workgroup> tiles: array<vec4f, BUFFERS * ${2 * row * depth}>;

@compute @workgroup_size(${lanesOf(tile)})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row0 = group.y * TILE;
  let column0 = group.x * TILE;
  let aFrom = aStart(group.z);
  let bFrom = bStart(group.z);
  // Which block of four by four a lane fetches: neighbours in memory are fetched by neighbours.
  let block = local % TILE;
  let aSide = select(block / 4u, block % ROW, p.transA == 1u);
  let aDeep = select(block % 4u, block / ROW, p.transA == 1u);
  let bSide = select(block % ROW, block / 4u, p.transB == 1u);
  let bDeep = select(block / ROW, block % 4u, p.transB == 1u);
  let aSlot = 4u * aDeep * ROW + (aSide ^ (2u * aDeep));
  let bSlot = SLAB + 4u * bDeep * ROW + (bSide ^ (2u * bDeep));
${declare}
  let down = local / ACROSS;
  let across = local % ACROSS;
${each(tile, (r, c) => `  var s${r}x${c} = vec4f();`)}
${parts}
${fetch('0u')}
${addPart}
${keep('0u')}
  workgroupBarrier();
  var buffer = 0u;
  for (var k0 = 0u; k0 < p.k; k0 += DEPTH) {
    let isLast = k0 + DEPTH >= p.k;
    if (!isLast) {
${fetch('k0 + DEPTH')}
    }
    for (var k = 0u; k < DEPTH; k++) {
      let turn = (k / 4u) * 2u;
      let aAt = buffer + k * ROW + (down ^ turn);
      let bAt = buffer + SLAB + k * ROW + (across ^ turn);
      let a0 = tiles[aAt];
      let b0 = tiles[bAt];
${blocks === 2 ? '      let a1 = tiles[aAt + ACROSS];\n      let b1 = tiles[bAt + ACROSS];' : ''}
${each(tile, (r, c) => `      s${r}x${c} = fma(vec4f(a${r >> 2}[${r % 4}]), b${c}, s${r}x${c});`)}
    }
    if (BUFFERS == 1u) { workgroupBarrier(); }
    buffer = (BUFFERS - 1u) * 2u * SLAB - buffer;
    if (!isLast) {
${addPart}
${keep('buffer')}
    }
    workgroupBarrier();
  }
${sumsRows ? totalOfParts : ''}
  let base = outStart(group.z);
  let row = row0 + 4u * down;
  let column = column0 + 4u * across;
${each(tile, (r, c) => {
  const down = r < 4 ? r : side / 2 + r - 4
  return `  put(group.z, base, row + ${down}u, column + ${(c * side) / 2}u, s${r}x${c});`
})}
}
`
}

/** Bytes of workgroup memory of the largest tile with two buffers. */
export const largestWorkgroup = 2 * 2 * 128 * depth * 4

/** By element type: of b, or of what is merged. `largeTwice` is for devices with the memory for two buffers, `few` for few tiles. */
const variantsOf = (of: (tile: Tile, BUFFERS: number) => Variant[], hasSmall = true) => ({
  few: of({ side: 64, blocks: 1 }, 1),
  small: hasSmall ? of({ side: 64, blocks: 2 }, 1) : null,
  large: of({ side: 128, blocks: 2 }, 1),
  largeTwice: of({ side: 128, blocks: 2 }, 2),
})
const ofWords = (epilogue: Epilogue) => (tile: Tile, BUFFERS: number) => [
  variant(tiled(tile, false, epilogue), { BUFFERS }),
]

export const tiledVariants = {
  plain: variantsOf((tile, BUFFERS) => ofTypes(tiled(tile, true, plain), tiled(tile, false, plain), { BUFFERS })),
  masked: variantsOf(ofWords(masked)),
  // A lane of the small tile has no registers left for parts of rows.
  summed: variantsOf(ofWords(summed), false),
  merged: variantsOf((tile, BUFFERS) => ofTypes(tiled(tile, false, merged), null, { BUFFERS })),
  sloped: variantsOf(ofWords(sloped)),
} as const
