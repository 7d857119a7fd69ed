// Swaps of a pruned and a kept weight (docs/methods.md, "Swaps"): one workgroup per row, whose invocations each try all partners of
// some of the row's pruned weights. c, the keys and the row's figures stay in storage, so that a dispatch can end after a few swaps.
import { rows } from '../../../tensor.ts'
import { defineVariant, type Gpu, groupSize, perElement, pieces, runEach } from '../../shader.ts'
import { multiply, product } from '../gemm/multiply.ts'
import type { PruneOps } from './index.ts'

/** Figures of a row: error before, error now, what the best swap would win, swaps, 1 where no more are made. */
export const swapFigures = 5

const residual = perElement(
  'pruneResidual',
  { y: 'rw f32', weight: 'f32', dense: 'f32', bits: 'u32' },
  { width: 'u32', rowWords: 'u32' },
  /* wgsl */ `
  let column = i % p.width;
  let kept = (bits[p.bitsAt + (i / p.width) * p.rowWords + (column >> 5u)] >> (column & 31u)) & 1u;
  y[p.yAt + i] = dense[p.denseAt + i] - select(0.0, weight[p.weightAt + i], kept == 1u);`,
)

/** The residual is needed in the first dispatch only; the keys take its place. */
const swaps = defineVariant(
  'pruneSwaps',
  {
    ...{ c: 'rw f32', keys: 'rw f32', bits: 'rw u32', figures: 'rw f32' },
    ...{ weight: 'f32', dense: 'f32', gram: 'f32' },
  },
  { count: 'u32', width: 'u32', rowWords: 'u32', most: 'u32', group: 'u32', steps: 'u32', first: 'u32' },
  /* wgsl */ `
var<workgroup> numbers: array<f32, ${groupSize}>;
var<workgroup> pairs: array<vec2u, ${groupSize}>;
var<workgroup> known: vec4f;

fn isKept(row: u32, j: u32) -> bool {
  return ((bits[p.bitsAt + row * p.rowWords + (j >> 5u)] >> (j & 31u)) & 1u) == 1u;
}
// 2v of a kept weight, −2v of a pruned one.
fn term(row: u32, j: u32) -> f32 {
  let i = row * p.width + j;
  if (isKept(row, j)) { return 2.0 * weight[p.weightAt + i]; }
  return -2.0 * dense[p.denseAt + i];
}
fn g(a: u32, b: u32) -> f32 { return gram[p.gramAt + a * p.width + b]; }

fn sum(local: u32, x: f32) -> f32 {
  numbers[local] = x;
  workgroupBarrier();
  for (var half = ${groupSize / 2}u; half > 0u; half /= 2u) {
    if (local < half) { numbers[local] += numbers[local + half]; }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&numbers[0]);
}
fn before(x: f32, a: vec2u, y: f32, b: vec2u) -> bool {
  return x < y || (x == y && (a.x < b.x || (a.x == b.x && a.y < b.y)));
}
// Leaves the least of all at place 0.
fn least(local: u32, x: f32, pair: vec2u) -> f32 {
  numbers[local] = x;
  pairs[local] = pair;
  workgroupBarrier();
  for (var half = ${groupSize / 2}u; half > 0u; half /= 2u) {
    if (local < half && before(numbers[local + half], pairs[local + half], numbers[local], pairs[local])) {
      numbers[local] = numbers[local + half];
      pairs[local] = pairs[local + half];
    }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&numbers[0]);
}

@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = id.y * groups.x + id.x;
  if (row >= p.count) { return; }
  let own = row * p.width;
  let at = p.figuresAt + row * ${swapFigures}u;
  if (local == 0u) { known = vec4f(figures[at + 1u], figures[at + 2u], figures[at + 3u], figures[at + 4u]); }
  // Error, room, swaps, done.
  var now = workgroupUniformLoad(&known);
  if (p.first == 1u) {
    var part = 0.0;
    for (var j = local; j < p.width; j += ${groupSize}u) { part += keys[p.keysAt + own + j] * c[p.cAt + own + j]; }
    now = vec4f(sum(local, part), 0.0, 0.0, 0.0);
    if (local == 0u) { figures[at] = now.x; }
  }
  for (var step = 0u; step < p.steps; step++) {
    if (now.w > 0.0) { break; }
    var leastKept = 3.4e38;
    var largestKept = 0.0;
    for (var j = local; j < p.width; j += ${groupSize}u) {
      let t = term(row, j);
      let square = 0.25 * t * t * g(j, j);
      let key = t * c[p.cAt + own + j] + square;
      keys[p.keysAt + own + j] = key;
      if (isKept(row, j)) {
        leastKept = min(leastKept, key);
        largestKept = max(largestKept, square);
      }
    }
    storageBarrier();
    leastKept = least(local, leastKept, vec2u());
    largestKept = sqrt(-least(local, -largestKept, vec2u()));
    var best = 0.0;
    var pair = vec2u(0xffffffffu);
    for (var a = local; a < p.width; a += ${groupSize}u) {
      if (isKept(row, a)) { continue; }
      let key = keys[p.keysAt + own + a];
      let t = term(row, a);
      // |G_ab| is at most the root of G_aa·G_bb, but for rounding.
      if (key + leastKept - 1.001 * abs(t) * sqrt(g(a, a)) * largestKept > best) { continue; }
      let start = select(0u, a - a % max(p.group, 1u), p.group > 0u);
      let end = select(p.width, start + p.group, p.group > 0u);
      for (var b = start; b < end; b++) {
        if (!isKept(row, b)) { continue; }
        let change = key + keys[p.keysAt + own + b] + 0.5 * t * term(row, b) * g(a, b);
        if (change < best) {
          best = change;
          pair = vec2u(a, b);
        }
      }
    }
    best = least(local, best, pair);
    pair = workgroupUniformLoad(&pairs[0]);
    now.y = -best;
    if (!(best < 0.0) || !(-best >= 1e-6 * now.x) || now.z >= f32(p.most)) {
      now.w = 1.0;
      break;
    }
    let x = 0.5 * term(row, pair.x);
    let y = 0.5 * term(row, pair.y);
    for (var j = local; j < p.width; j += ${groupSize}u) { c[p.cAt + own + j] += x * g(pair.x, j) + y * g(pair.y, j); }
    storageBarrier();
    if (local == 0u) {
      bits[p.bitsAt + row * p.rowWords + (pair.x >> 5u)] |= 1u << (pair.x & 31u);
      bits[p.bitsAt + row * p.rowWords + (pair.y >> 5u)] &= ~(1u << (pair.y & 31u));
    }
    storageBarrier();
    now.x += best;
    now.z += 1.0;
  }
  if (local == 0u) {
    figures[at + 1u] = now.x;
    figures[at + 2u] = now.y;
    figures[at + 3u] = now.z;
    figures[at + 4u] = now.w;
  }
}
`,
)

/** See PruneKernels.swapRows. */
export const swapsOf =
  (gpu: Gpu): PruneOps['swapRows'] =>
  (mask, weight, dense, gram, figures, { most, group }) => {
    const [total, width] = weight.shape
    const words = mask.shape[1]
    const wanted = Math.min(most, width) + 1
    // A search looks at no more than a quarter of all pairs, with about eight operations each.
    const perSearch = 2 * width ** 2
    const fits = Math.min(gpu.windowBytes / 4 / width, Math.max(1, gpu.flopsPerDispatch / perSearch))
    for (const [start, end] of pieces(total, fits)) {
      const count = end - start
      const [part, full, bits, own] = [weight, dense, mask, figures].map((tensor) => rows(tensor, start, end))
      const [c, keys] = [gpu.scratch([count, width]), gpu.scratch([count, width])]
      runEach(gpu, residual, count * width, [keys, part, full, bits], [width, words])
      multiply(gpu, product(c, keys, gram, [count, width, width]))
      const steps = Math.max(1, Math.floor(gpu.flopsPerDispatch / perSearch / count))
      for (let done = 0; done < wanted; done += steps) {
        const params = [width, words, Math.min(most, width), group, Math.min(steps, wanted - done), Number(done === 0)]
        runEach(gpu, swaps, count, [c, keys, bits, own, part, full, gram], params)
      }
    }
  }
