// Matrix products whose rows are whole vectors of four, with 128-bit loads and stores. A workgroup computes a tile of 128 × 128 with 256
// lanes, or of 64 × 64 with 64. A lane computes 8 × 8 outputs as 2 × 2 blocks of 4 × 4, half a tile apart, so that neighbouring lanes read
// neighbouring vectors. If tiles are few, 256 lanes compute 64 × 64, a block each: more lanes work, with more reads each. The next 16
// steps of the depth are loaded while the current ones are multiplied. Sums add one step at a time, as in portable.ts, so both give the
// same bytes. A narrow product, such as an adapter's gradient, has tiles as wide as itself, and slices of 256 lanes share the depth.
import { defineShader, floatsOf, four, fourHalves, halves, ofTypes, variant } from '../../shader.ts'
import type { Params, Shader, Tensors, Variant } from '../../shader.ts'
import { activationFunctions } from '../activations.ts'
import { gemmFields, places } from './params.ts'

/** What happens to a sum before it is stored. Every tensor except out, a and b belongs to the epilogue. */
interface Epilogue {
  readonly name: string
  /** Also rowSums[m] += the sums of op(a)'s rows, each added up in sixteen parts as in `columnSums` (reduce.ts). */
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

/** As `masked`, for the gradient of a weight; rowSums is the gradient of the bias. */
const summed: Epilogue = {
  ...masked,
  name: 'Summed',
  tensors: { ...masked.tensors, rowSums: 'rw f32' },
  params: { ...masked.params, rowSumsStep: 'u32' },
  sumsRows: true,
}

/** Most products of a batch whose weights are merged: each weight is bound as a tensor of its own. */
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

/** The part of out that a workgroup makes. */
interface Tile {
  readonly rows: number
  readonly columns: number
  /** Blocks of 4 × 4 that a lane makes along each side. */
  readonly blocks: 1 | 2
  /** Depth of a step. */
  readonly depth: number
  /** Groups of lanes; each adds up its own part of the depth. */
  readonly slices: number
}

export const square = (side: 128 | 64, blocks: 1 | 2): Tile => {
  return { rows: side, columns: side, blocks, depth: 16, slices: 1 }
}

const lanesOf = ({ rows, columns, blocks, slices }: Tile) => (slices * rows * columns) / (4 * blocks) ** 2

/** WGSL: loads 4 × 4 elements by vectors along the side or along the depth. The columns of the returned matrix run along the side. */
const block = (name: 'a' | 'b', along: string, count: string) => /* wgsl */ `
fn ${name}Block(start: u32, side: u32, depth: u32) -> mat4x4f {
  if (${along}) {
    let column = start + min(side, ${count} - 4u);
    return mat4x4f(
${four((j) => `      select(vec4f(), load${name}(column + min(depth + ${j}u, p.k - 1u) * p.ld${name}), depth + ${j}u < p.k),`)}
    );
  }
  let row = start + min(depth, p.k - 4u);
  let last = ${count} - 1u;
  let m = mat4x4f(${four((j) => `load${name}(row + min(side + ${j}u, last) * p.ld${name})`, ', ')});
  if (depth < p.k) { return transpose(m); }
  return mat4x4f();
}`

const loads = (packed: boolean) => /* wgsl */ `
fn loada(i: u32) -> vec4f { return a[i / 4u]; }
fn loadb(i: u32) -> vec4f { return ${packed ? 'fourHalves(b[i / 4u])' : 'b[i / 4u]'}; }`

const nameOf = ({ rows, columns }: Tile) => (rows === columns ? rows : `${rows}x${columns}`)

/** For each row of a lane, and each of its blocks across. */
const each = ({ blocks }: Tile, text: (row: number, block: number) => string) =>
  Array.from({ length: 4 * blocks * blocks }, (_, i) => text(Math.floor(i / blocks), i % blocks)).join('\n')

function tiled(tile: Tile, packed: boolean, epilogue: Epilogue): Shader {
  return defineShader(
    `gemmTiled${epilogue.name}${nameOf(tile)}by${lanesOf(tile)}${packed ? 'Halves' : ''}`,
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

/** WGSL that loads the blocks of a step into `tiles`, those of a and then those of b: one per lane, or two if there are too few lanes. */
function blocksOf(tile: Tile) {
  const { rows, columns, depth } = tile
  const [lanes, ofA, all] = [lanesOf(tile), (rows * depth) / 16, ((rows + columns) * depth) / 16]
  const each = (text: (i: number, has: string) => string) =>
    Array.from({ length: Math.ceil(all / lanes) }, (_, i) =>
      text(i, lanes * (i + 1) <= all ? 'true' : `local < A_BLOCKS + B_BLOCKS`),
    ).join('\n')
  return {
    declare: each(
      (i) => /* wgsl */ `
  let isA${i} = ${lanes <= ofA ? i === 0 : 'local < A_BLOCKS'};
  let block${i} = local + ${i * lanes}u - select(A_BLOCKS, 0u, isA${i});
  let width${i} = select(B_ROW, A_ROW, isA${i});
  // Neighbours in memory are fetched by neighbours.
  let isAlong${i} = select(p.transB == 0u, p.transA == 1u, isA${i});
  let side${i} = select((block${i} / 4u) % width${i}, block${i} % width${i}, isAlong${i});
  let deep${i} = select(block${i} % 4u + 4u * (block${i} / (4u * width${i})), block${i} / width${i}, isAlong${i});
  let turn${i} = select(${turn(columns / 4, `deep${i}`)}, ${turn(rows / 4, `deep${i}`)}, isA${i});
  let slot${i} = select(A_SLAB, 0u, isA${i}) + deep${i} * width${i} + (side${i} ^ turn${i});
  var next${i}: mat4x4f;`,
    ),
    fetch: (at: string) =>
      each(
        (i, has) => /* wgsl */ `
    if (isA${i}) { next${i} = aBlock(aFrom, row0 + 4u * side${i}, ${at} + 4u * deep${i}); }
    else if (${has}) { next${i} = bBlock(bFrom, column0 + 4u * side${i}, ${at} + 4u * deep${i}); }`,
      ),
    keep: (to: string) =>
      each(
        (i, has) => /* wgsl */ `
    if (${has}) {
      for (var j = 0u; j < 4u; j++) { tiles[${to} + slot${i} + j * width${i} * DEEP] = next${i}[j]; }
    }`,
      ),
  }
}

/** WGSL: the lanes that fetched blocks of a store their partial row sums side by side; the first column of tiles adds them to rowSums. */
const totalOfParts = /* wgsl */ `
  if (local < A_BLOCKS) {
    for (var j = 0u; j < 4u; j++) { tiles[(4u * deep0 + j) * A_ROW + side0] = parts[j]; }
  }
  workgroupBarrier();
  if (group.x == 0u && local < A_ROW) {
    var all = vec4f();
    for (var part = 0u; part < DEPTH; part++) { all += tiles[part * A_ROW + local]; }
    for (var i = 0u; i < 4u; i++) {
      let row = row0 + 4u * local + i;
      if (row < p.m) { rowSums[p.rowSumsAt + group.z * p.rowSumsStep + row] += all[i]; }
    }
  }`

/** WGSL: stores the slices' sums side by side, and adds them up from the first slice to the last. */
const totalOfSlices = /* wgsl */ `
${four((r) => `  tiles[${r}u * LANES + local] = s${r}x0;`)}
  workgroupBarrier();
  for (var e = local; e < 4u * SLICE; e += LANES) {
    let place = e % SLICE;
    var sum = vec4f();
    for (var s = 0u; s < LANES; s += SLICE) { sum += tiles[(e / SLICE) * LANES + s + place]; }
    put(group.z, base, row0 + 4u * (place / ACROSS) + e / SLICE, column0 + 4u * (place % ACROSS), sum);
  }`

/** WGSL: at block `deep` of the depth, vector i of the `row` vectors along a side is stored at place i ^ turn. */
const turn = (row: number, deep: string) => `((2u * ${deep} / ${Math.max(1, 8 / row)}u) & ${Math.min(8, row) - 2}u)`

/** WGSL: `main`, which calls aBlock, bBlock and put. */
export function mainOf(tile: Tile, sumsRows = false): string {
  const { rows, columns, blocks, depth, slices } = tile
  const [aRow, bRow, lanes] = [rows / 4, columns / 4, lanesOf(tile)]
  const { declare, fetch, keep } = blocksOf(tile)
  // A lane's partial sums of four rows, a vector for each of its four depths.
  const [parts, addPart] = sumsRows ? ['  var parts = mat4x4f();', '    if (isA0) { parts += next0; }'] : ['', '']
  return /* wgsl */ `
const ROWS = ${rows}u;
const COLUMNS = ${columns}u;
const DEPTH = ${depth}u;
// Blocks of four along the depth, vectors along a tile's sides, and blocks of four by four.
const DEEP = DEPTH / 4u;
const A_ROW = ROWS / 4u;
const B_ROW = COLUMNS / 4u;
const A_BLOCKS = A_ROW * DEEP;
const B_BLOCKS = B_ROW * DEEP;
const A_SLAB = 4u * A_BLOCKS;
const SLABS = A_SLAB + 4u * B_BLOCKS;
const LANES = ${lanes}u;
const SLICE = ${lanes / slices}u;
// Lanes along a row of the tile.
const ACROSS = ${bRow / blocks}u;
// 2 where the device has the memory: then a step needs one barrier.
override BUFFERS: u32;
// First of a and then of b, each the first depths of all blocks of four, then the second ones. Vectors take turns: lanes that write
// blocks of four depths, and lanes that read one depth, then meet in no bank.
var<workgroup> tiles: array<vec4f, BUFFERS * ${Math.max((aRow + bRow) * depth, slices > 1 ? 4 * lanes : 0)}>;

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row0 = group.y * ROWS;
  let column0 = group.x * COLUMNS;
  let aFrom = aStart(group.z);
  let bFrom = bStart(group.z);
${declare}
  let down = (local % SLICE) / ACROSS;
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
    for (var d = 0u; d < ${depth / 4 / slices}u; d++) {
      let own = ${slices > 1 ? `(local / SLICE) * ${depth / 4 / slices}u + d` : 'd'};
      let aAt = buffer + own * A_ROW + (down ^ ${turn(aRow, 'own')});
      let bAt = buffer + A_SLAB + own * B_ROW + (across ^ ${turn(bRow, 'own')});
      for (var j = 0u; j < 4u; j++) {
        let a0 = tiles[aAt + j * A_BLOCKS];
        let b0 = tiles[bAt + j * B_BLOCKS];
${blocks === 2 ? '        let a1 = tiles[aAt + A_ROW / 2u + j * A_BLOCKS];\n        let b1 = tiles[bAt + ACROSS + j * B_BLOCKS];' : ''}
${each(tile, (r, c) => `        s${r}x${c} = fma(vec4f(a${r >> 2}[${r % 4}]), b${c}, s${r}x${c});`)}
      }
    }
    if (BUFFERS == 1u) { workgroupBarrier(); }
    buffer = (BUFFERS - 1u) * SLABS - buffer;
    if (!isLast) {
${addPart}
${keep('buffer')}
    }
    workgroupBarrier();
  }
${sumsRows ? totalOfParts : ''}
  let base = outStart(group.z);
${
  slices > 1
    ? totalOfSlices
    : each(tile, (r, c) => {
        const [row, column] = [r < 4 ? r : rows / 2 + r - 4, (c * columns) / 2]
        return `  put(group.z, base, row0 + 4u * down + ${row}u, column0 + 4u * across + ${column}u, s${r}x${c});`
      })
}
}
`
}

/** Bytes of workgroup memory of the largest tile with two buffers. */
export const largestWorkgroup = 2 * 2 * 128 * 16 * 4

/** By element type: of b, or of what is merged. `largeTwice` is for devices with the memory for two buffers, `few` for few tiles. */
const variantsOf = (of: (tile: Tile, BUFFERS: number) => Variant[], hasSmall = true) => ({
  few: of(square(64, 1), 1),
  small: hasSmall ? of(square(64, 2), 1) : null,
  large: of(square(128, 2), 1),
  largeTwice: of(square(128, 2), 2),
})
const ofWords = (epilogue: Epilogue) => (tile: Tile, BUFFERS: number) => [
  variant(tiled(tile, false, epilogue), { BUFFERS }),
]
const ofPlain = (tile: Tile, BUFFERS: number) =>
  ofTypes(tiled(tile, true, plain), tiled(tile, false, plain), { BUFFERS })

export const tiledVariants = {
  plain: variantsOf(ofPlain),
  masked: variantsOf(ofWords(masked)),
  // A lane of the small tile has no registers left for partial row sums.
  summed: variantsOf(ofWords(summed), false),
  merged: variantsOf((tile, BUFFERS) => ofTypes(tiled(tile, false, merged), null, { BUFFERS })),
  sloped: variantsOf(ofWords(sloped)),
} as const

/** Length of a narrow tile along the product's long side, and the longest short side. */
export const [narrowLength, mostNarrow] = [32, 64]
/** Tiles of products with few columns, or few rows: 256 lanes, whose slices share the depth of a step, in 16 KiB. */
export const narrowVariants = [8, 16, 32, mostNarrow].map((width) => {
  const rest = { blocks: 1, depth: width < mostNarrow ? 64 : 32, slices: 128 / width } as const
  const columns = ofPlain({ rows: narrowLength, columns: width, ...rest }, 1)
  return {
    width,
    n: columns,
    m: width === narrowLength ? columns : ofPlain({ rows: width, columns: narrowLength, ...rest }, 1),
  }
})
