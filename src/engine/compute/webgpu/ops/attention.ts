// Attention without scores in memory (Dao, 2023, FlashAttention-2): a workgroup computes 64 channels of 64 queries, or of 64 keys in the
// backward pass, of one head. It loops over tiles of 64 × 64 scores, held in registers, 4 × 4 per lane. Every sum has a fixed order.
import { EngineError } from '../../../errors.ts'
import type { AttentionShape, Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import {
  defineVariant,
  f32,
  four,
  type Gpu,
  groupSize,
  lowest,
  maxGroups,
  type Params,
  perRow,
  pieces,
  rowWindows,
  runRows,
  type Tensors,
  type Variant,
} from '../shader.ts'
import { tanhSafe } from './activations.ts'

/** Queries, keys and channels of a tile. */
const side = 64
const sixteen = (text: (row: number, column: number) => string) => four((r) => four((c) => text(r, c)))

const head = /* wgsl */ `
const SIDE = ${side}u;
const DEPTH = 16u;
// A row of one more vector keeps neighbouring depths in different banks.
const ROW = 17u;
var<workgroup> rowTile: array<vec4f, DEPTH * ROW>;
var<workgroup> columnTile: array<vec4f, DEPTH * ROW>;
var<workgroup> parts: array<vec4f, 256>;

fn sees(batch: u32, query: u32, key: u32) -> bool {
  if (query >= p.seqLen || key > query || (p.window > 0u && key + p.window <= query)) { return false; }
  return p.hasMask == 0u || keyMask[p.keyMaskAt + batch * p.seqLen + key] != 0;
}

// The sum over the 16 lanes that share four rows.
fn sumOfRows(value: vec4f, down: u32, across: u32) -> vec4f {
  workgroupBarrier();
  parts[across * 16u + down] = value;
  workgroupBarrier();
  var sum = vec4f();
  for (var i = 0u; i < 16u; i++) { sum += parts[i * 16u + down]; }
  return sum;
}
${tanhSafe}`

/** WGSL: where matrices of a head begin. */
const begin = (head: string, ...names: string[]) =>
  names.map((x) => `  let ${x}From = ${x}Head(batch, ${head});`).join('\n')

/** WGSL: an element of a head's matrix, 0 past its end; `x`From is the head's first. */
const element = (x: string, heads: 'numHeads' | 'numKvHeads') => /* wgsl */ `
fn ${x}Of(from_: u32, row: u32, d: u32) -> f32 {
  if (row >= p.seqLen || d >= p.headDim) { return 0.0; }
  return ${x}[from_ + row * p.${heads} * p.headDim + d];
}
fn ${x}Head(batch: u32, head: u32) -> u32 { return p.${x}At + (batch * p.seqLen * p.${heads} + head) * p.headDim; }`
const elements = ['q', 'dOut', 'k', 'v'].map((x, i) => [x, element(x, i < 2 ? 'numHeads' : 'numKvHeads')] as const)

/** WGSL: sum += rowTile · columnTile. */
const addProducts = (sum: string) => /* wgsl */ `
    for (var i = 0u; i < DEPTH; i++) {
      let a = rowTile[i * ROW + down];
      let b = columnTile[i * ROW + across];
${four((r) => `      ${sum}${r} = fma(vec4f(a[${r}]), b, ${sum}${r});`)}
    }`

/** WGSL: sum = rows · columnsᵀ, of 64 rows each from row0 and column0. */
const dots = (sum: string, ofRow: string, ofColumn: string) => /* wgsl */ `
${four((r) => `  var ${sum}${r} = vec4f();`)}
  for (var d0 = 0u; d0 < p.headDim; d0 += DEPTH) {
    let d = d0 + local % DEPTH;
    let next = 4u * (local / DEPTH);
    let ownRows = vec4f(${four((j) => `${ofRow}Of(${ofRow}From, row0 + next + ${j}u, d)`, ', ')});
    let ownColumns = vec4f(${four((j) => `${ofColumn}Of(${ofColumn}From, column0 + next + ${j}u, d)`, ', ')});
    workgroupBarrier();
    rowTile[(local % DEPTH) * ROW + local / DEPTH] = ownRows;
    columnTile[(local % DEPTH) * ROW + local / DEPTH] = ownColumns;
    workgroupBarrier();
${addProducts(sum)}
  }`

/** WGSL: sum += shares · values: the tile of shares by 64 channels of the values from column0 on. */
const weighted = (sum: string, share: string, value: string) => /* wgsl */ `
  for (var part = 0u; part < 4u; part++) {
    let from_ = column0 + DEPTH * part + local / DEPTH;
    let channel = channel0 + 4u * (local % DEPTH);
    let own = vec4f(${four((j) => `${value}Of(${value}From, from_, channel + ${j}u)`, ', ')});
    workgroupBarrier();
    if (across / 4u == part) {
${four((j) => `      rowTile[(4u * (across % 4u) + ${j}u) * ROW + down] = vec4f(${four((r) => `${share}${r}[${j}]`, ', ')});`)}
    }
    columnTile[(local / DEPTH) * ROW + local % DEPTH] = own;
    workgroupBarrier();
${addProducts(sum)}
  }`

const store = (out: string, sum: string, heads: 'numHeads' | 'numKvHeads', headOf: string) => /* wgsl */ `
  let ${out}From = p.${out}At + (batch * p.seqLen * p.${heads} + ${headOf}) * p.headDim;
${sixteen(
  (r, c) =>
    `  if (row + ${r}u < p.seqLen && channel + ${c}u < p.headDim) { ${out}[${out}From + (row + ${r}u) * p.${heads} * p.headDim + channel + ${c}u] = ${sum}${r}[${c}]; }`,
)}`

/** WGSL that turns scores into softmax shares, and gradients of shares into gradients of scores (see `gradientOf`). */
const gradients = (statistic: (r: number, c: number) => string, query: string, key: string, isByQuery: boolean) =>
  sixteen((r, c) => {
    const [q, k] = isByQuery ? [r, c] : [c, r]
    return `  let g${r}x${c} = gradientOf(s${r}[${c}], g${r}[${c}], ${statistic(r, c)}, batch, ${query} + ${q}u, ${key} + ${k}u);
  s${r}[${c}] = g${r}x${c}.x;
  g${r}[${c}] = g${r}x${c}.y;`
  })

/** WGSL: P of a score, and P · (dP − delta) · scale · the cap's slope. `statistics` are log Σ exp and delta of each query and head. */
const gradientOf = /* wgsl */ `
fn statisticsOf(batch: u32, query: u32, head: u32) -> vec2f {
  let at = p.statisticsAt + 2u * ((batch * p.seqLen + min(query, p.seqLen - 1u)) * p.numHeads + head);
  return vec2f(statistics[at], statistics[at + 1u]);
}
fn gradientOf(dot: f32, dShare: f32, of_: vec2f, batch: u32, query: u32, key: u32) -> vec2f {
  if (!sees(batch, query, key)) { return vec2f(); }
  var score = p.scale * dot;
  var slope = p.scale;
  if (p.cap > 0.0) {
    let bent = tanhSafe(score / p.cap);
    score = p.cap * bent;
    slope *= 1.0 - bent * bent;
  }
  let share = exp(score - of_.x);
  return vec2f(share, share * (dShare - of_.y) * slope);
}`

const params: Params = {
  ...{ seqLen: 'u32', numHeads: 'u32', numKvHeads: 'u32', headDim: 'u32', window: 'u32', hasMask: 'u32' },
  ...{ scale: 'f32', cap: 'f32', firstTile: 'u32', firstHead: 'u32' },
}

/** A shader of workgroups (tile, channels, head of a sequence); `heads` are those that z counts. */
const flash = (name: string, tensors: Tensors, heads: 'numHeads' | 'numKvHeads', own: string, body: string) =>
  defineVariant(
    name,
    tensors,
    params,
    /* wgsl */ `
${head}
${elements
  .filter(([x]) => x in tensors)
  .map(([, code]) => code)
  .join('\n')}
${own}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let down = local / 16u;
  let across = local % 16u;
  let row0 = (p.firstTile + group.x) * SIDE;
  let row = row0 + 4u * down;
  let channel0 = group.y * SIDE;
  let channel = channel0 + 4u * across;
  let batch = (p.firstHead + group.z) / p.${heads};
  let head = (p.firstHead + group.z) % p.${heads};
  let shared_ = p.numHeads / p.numKvHeads;
${body}
}
`,
  )

/** WGSL: a loop over the tiles of keys that some query of the workgroup sees. */
const eachKeyTile = (body: string) => /* wgsl */ `
  let firstKey = select(0u, row0 + 1u - min(row0 + 1u, p.window), p.window > 0u);
  for (var column0 = firstKey - firstKey % SIDE; column0 <= row0; column0 += SIDE) {
    let column = column0 + 4u * across;
${body}
  }`

const forward = flash(
  'attention',
  { y: 'rw f32', logSum: 'rw f32', q: 'f32', k: 'f32', v: 'f32', keyMask: 'i32' },
  'numHeads',
  /* wgsl */ `
const LOWEST = ${lowest};
fn scoreOf(dot: f32, batch: u32, query: u32, key: u32) -> f32 {
  if (!sees(batch, query, key)) { return LOWEST; }
  let score = p.scale * dot;
  if (p.cap > 0.0) { return p.cap * tanhSafe(score / p.cap); }
  return score;
}`,
  /* wgsl */ `
${begin('head', 'q')}
${begin('head / shared_', 'k', 'v')}
  var top = vec4f(LOWEST);
  var sum = vec4f();
${four((r) => `  var o${r} = vec4f();`)}
${eachKeyTile(/* wgsl */ `
${dots('s', 'q', 'k')}
${sixteen((r, c) => `    s${r}[${c}] = scoreOf(s${r}[${c}], batch, row + ${r}u, column + ${c}u);`)}
    parts[across * 16u + down] = vec4f(${four((r) => `max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w))`, ', ')});
    workgroupBarrier();
    let before = top;
    for (var i = 0u; i < 16u; i++) { top = max(top, parts[i * 16u + down]); }
    let kept = exp(before - top);
${four((r) => `    s${r} = select(vec4f(), exp(s${r} - top[${r}]), s${r} > vec4f(LOWEST));`)}
    sum = sum * kept + vec4f(${four((r) => `dot(s${r}, vec4f(1.0))`, ', ')});
${four((r) => `    o${r} *= kept[${r}];`)}
${weighted('o', 's', 'v')}`)}
  let total = sumOfRows(sum, down, across);
${four((r) => `  o${r} *= select(0.0, 1.0 / total[${r}], total[${r}] > 0.0);`)}
${store('y', 'o', 'numHeads', 'head')}
  if (group.y == 0u && across == 0u) {
${four((r) => `    if (row + ${r}u < p.seqLen) { logSum[p.logSumAt + (batch * p.seqLen + row + ${r}u) * p.numHeads + head] = select(0.0, top[${r}] + log(total[${r}]), total[${r}] > 0.0); }`)}
  }`,
)

/** log Σ exp of each query and head, and delta = Σ dOut · out. */
const statistics = perRow(
  'attentionStatistics',
  { y: 'rw f32', dOut: 'f32', out: 'f32', logSum: 'f32' },
  {},
  /* wgsl */ `
  var sum = 0.0;
  for (var i = row * p.columns + local; i < (row + 1u) * p.columns; i += ${groupSize}u) { sum += dOut[p.dOutAt + i] * out[p.outAt + i]; }
  let delta = groupSum(sum, local);
  if (local == 0u) {
    y[p.yAt + 2u * row] = logSum[p.logSumAt + row];
    y[p.yAt + 2u * row + 1u] = delta;
  }`,
)

const inputs = { statistics: 'f32', q: 'f32', k: 'f32', v: 'f32', dOut: 'f32', keyMask: 'i32' } as const

const ofQueries = flash(
  'attentionQueries',
  { dQ: 'rw f32', ...inputs },
  'numHeads',
  gradientOf,
  /* wgsl */ `
${begin('head', 'q', 'dOut')}
${begin('head / shared_', 'k', 'v')}
${four((r) => `  let of${r} = statisticsOf(batch, row + ${r}u, head);\n  var dQ${r} = vec4f();`)}
${eachKeyTile(/* wgsl */ `
${dots('s', 'q', 'k')}
${dots('g', 'dOut', 'v')}
${gradients((r) => `of${r}`, 'row', 'column', true)}
${weighted('dQ', 'g', 'k')}`)}
${store('dQ', 'dQ', 'numHeads', 'head')}`,
)

/** Heads that share a kv head come one after the other, so that their sums have a fixed order. */
const ofKeys = flash(
  'attentionKeys',
  { dK: 'rw f32', dV: 'rw f32', ...inputs },
  'numKvHeads',
  gradientOf,
  /* wgsl */ `
${begin('head', 'k', 'v')}
${four((r) => `  var dK${r} = vec4f();\n  var dV${r} = vec4f();`)}
  let end = select(p.seqLen, min(p.seqLen, row0 + SIDE + p.window - 1u), p.window > 0u);
  for (var member = head * shared_; member < (head + 1u) * shared_; member++) {
${begin('member', 'q', 'dOut')}
    for (var column0 = row0; column0 < end; column0 += SIDE) {
      let column = column0 + 4u * across;
${dots('s', 'k', 'q')}
${dots('g', 'v', 'dOut')}
${four((c) => `  let of${c} = statisticsOf(batch, column + ${c}u, member);`)}
${gradients((_, c) => `of${c}`, 'column', 'row', false)}
${weighted('dV', 's', 'dOut')}
${weighted('dK', 'g', 'q')}
    }
  }
${store('dK', 'dK', 'numKvHeads', 'head')}
${store('dV', 'dV', 'numKvHeads', 'head')}`,
)

/** Runs a shader over all sequences and their `heads`, split for windows and watchdogs; `products`: matrix products per tile of scores. */
function runTiles(
  gpu: Gpu,
  shader: Variant,
  shape: AttentionShape,
  [heads, products]: readonly [number, number],
  tensors: readonly Tensor[],
  keyMask: Tensor | null,
): void {
  const { batch, seqLen, numHeads, numKvHeads, headDim, scale, window, softcap } = shape
  if (numHeads % numKvHeads !== 0)
    throw new EngineError('unsupported', `${numHeads} heads cannot share ${numKvHeads} key and value heads evenly`)
  const [tiles, chunks] = [Math.ceil(seqLen / side), Math.ceil(headDim / side)]
  const flops = 2 * side * seqLen * headDim * products * chunks * (numHeads / heads)
  const atOnce = Math.max(1, Math.min(maxGroups, Math.floor(gpu.flopsPerDispatch / (flops * tiles))))
  const tilesAtOnce = Math.max(1, Math.floor(gpu.flopsPerDispatch / (flops * atOnce)))
  for (const { count, cut } of rowWindows(gpu, batch, seqLen * numHeads * headDim)) {
    const bound = [...tensors, keyMask ?? tensors[tensors.length - 1]].map(cut)
    for (const [firstHead, endHead] of pieces(count * heads, atOnce))
      for (const [firstTile, endTile] of pieces(tiles, tilesAtOnce))
        gpu.run({
          variant: shader,
          tensors: bound,
          params: [
            ...[seqLen, numHeads, numKvHeads, headDim, window, Number(keyMask !== null)],
            ...[f32(scale), f32(softcap), firstTile, firstHead],
          ],
          groups: [endTile - firstTile, chunks, endHead - firstHead],
          flops: flops * (endTile - firstTile) * (endHead - firstHead),
        })
  }
}

export function attentionOf(gpu: Gpu) {
  return {
    attention(out, logSum, q, k, v, keyMask, shape) {
      runTiles(gpu, forward, shape, [shape.numHeads, 2], [out, logSum, q, k, v], keyMask)
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const both = gpu.scratch([2 * logSum.length])
      runRows(gpu, statistics, [logSum.length, shape.headDim], [both, dOut, out, logSum])
      const read = [both, q, k, v, dOut]
      runTiles(gpu, ofQueries, shape, [shape.numHeads, 3], [dQ, ...read], keyMask)
      runTiles(gpu, ofKeys, shape, [shape.numKvHeads, 4], [dK, dV, ...read], keyMask)
    },
  } satisfies Partial<Kernels>
}
