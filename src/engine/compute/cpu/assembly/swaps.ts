// Exact swaps of a pruned and a kept weight (docs/methods.md, "Swaps"), in f64, a row at a time. With v the dense value of a pruned
// weight and the present one of a kept weight, t = −2v of a pruned and 2v of a kept one, and c = G·residual, a swap of a and b
// changes the row's error by key_a + key_b + t_a·t_b·G_ab / 2, where key = t·c + v²·G_jj.
import { madd64 } from './simd'

/** Rows whose c is computed together, so that they share the loads of G. */
const tile: i32 = 4

/** A swap that wins a smaller share of the row's error is not made. */
const leastShare: f64 = 1e-6

/** Bytes of a vector of f64, one for each column and one more where their number is odd. */
// @ts-ignore: decorator
@inline
function bytesOf(width: i32): usize {
  return <usize>((width + 1) & ~1) << 3
}

export function swapScratch(width: i32): i32 {
  return <i32>bytesOf(width) * (2 * tile + 11)
}

/** peaks[a] = the largest |G_ab| / √(G_aa·G_bb) of the other columns b: what bounds t_a·t_b·G_ab. */
export function correlationPeaks(start: i32, end: i32, gram: usize, n: i32, peaks: usize): void {
  for (let a = start; a < end; a++) {
    let most: f64 = 0
    for (let b = 0; b < n; b++) {
      const norm = diagonal(gram, n, a) * diagonal(gram, n, b)
      const g = <f64>load<f32>(gram + ((<usize>a * <usize>n + <usize>b) << 2))
      if (b != a && norm > 0) most = max(most, g * g / norm)
    }
    // A little more, for the bound's own rounding.
    store<f64>(peaks + (<usize>a << 3), Math.sqrt(most) * (1 + 1e-12))
  }
}

// @ts-ignore: decorator
@inline
function diagonal(gram: usize, n: i32, j: i32): f64 {
  return <f64>load<f32>(gram + ((<usize>j * <usize>(n + 1)) << 2))
}

// @ts-ignore: decorator
@inline
function isKept(bits: usize, j: i32): bool {
  return ((load<u32>(bits + (<usize>(j >> 5) << 2)) >>> (j & 31)) & 1) == 1
}

// Vectors of a row, each `step` bytes: t, v²·G_jj, √G_jj·|v|, twice that times the peak, 0 or ∞ for pruned and for kept columns
// (the other way round), keys of pruned and of kept columns (∞ for the others), and two lists of columns.
let step: usize = 0
let t: usize = 0
let square: usize = 0
let size: usize = 0
let slack: usize = 0
let notPruned: usize = 0
let notKept: usize = 0
let prunedKeys: usize = 0
let keptKeys: usize = 0
let pruned: usize = 0
let kept: usize = 0

function layOut(at: usize, width: i32): void {
  step = bytesOf(width)
  t = at
  square = t + step
  size = square + step
  slack = size + step
  notPruned = slack + step
  notKept = notPruned + step
  prunedKeys = notKept + step
  keptKeys = prunedKeys + step
  pruned = keptKeys + step
  kept = pruned + step
}

// The best swap that `search` has found, and the largest `size` of a pruned column.
let best: f64 = 0
let bestPruned: i32 = 0
let bestKept: i32 = 0
let largestPruned: f64 = 0
// The least keys, which `advance` has found.
let leastPruned: f64 = 0
let leastKept: f64 = 0

/**
 * Swaps in the mask of each row, at most `most`, inside groups of `group` columns (0: the whole row); G is gram[width, width].
 * `given`: G · residual [rows, width] in f32, or 0 where it is computed here, in f64.
 * figures[row] = error before, error after, what the best swap left would win, swaps: four f64.
 */
export function swapRows(
  start: i32, end: i32, weight: usize, dense: usize, width: i32, mask: usize, words: i32, gram: usize, peaks: usize,
  most: i32, group: i32, figures: usize, given: usize, scratch: usize,
): void {
  layOut(scratch + bytesOf(width) * (2 * tile), width)
  const residuals = scratch
  const products = scratch + step * tile
  for (let first = start; first < end; first += tile) {
    const rows = min(tile, end - first)
    memory.fill(scratch, 0, step * (2 * tile))
    for (let r = 0; r < rows; r++) {
      const from = <usize>(first + r) * <usize>width << 2
      loadResidual(residuals + step * r, weight + from, dense + from, mask + (<usize>(first + r) * <usize>words << 2), width)
    }
    if (given) loadProducts(products, given + (<usize>first * <usize>width << 2), rows, width)
    else multiply(products, residuals, gram, width)
    for (let r = 0; r < rows; r++) {
      const row = first + r
      const from = <usize>row * <usize>width << 2
      const bits = mask + (<usize>row * <usize>words << 2)
      loadRow(weight + from, dense + from, bits, gram, peaks, width)
      const error = dot(residuals + step * r, products + step * r, width)
      swapRow(products + step * r, gram, width, bits, most, group, error, figures + (<usize>row << 5))
    }
  }
}

function loadProducts(products: usize, given: usize, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < width; j++)
      store<f64>(products + step * r + (<usize>j << 3), <f64>load<f32>(given + ((<usize>r * <usize>width + <usize>j) << 2)))
}

/** What the row lacks of its dense weights. */
function loadResidual(out: usize, weight: usize, dense: usize, bits: usize, width: i32): void {
  for (let j = 0; j < width; j++) {
    const at = <usize>j << 2
    const now = isKept(bits, j) ? <f64>load<f32>(weight + at) : 0
    store<f64>(out + (at << 1), <f64>load<f32>(dense + at) - now)
  }
}

function loadRow(weight: usize, dense: usize, bits: usize, gram: usize, peaks: usize, width: i32): void {
  memory.fill(t, 0, step * 8)
  largestPruned = 0
  for (let j = 0; j < <i32>(step >> 3); j++) {
    const at = <usize>j << 3
    store<f64>(notPruned + at, Infinity)
    store<f64>(notKept + at, Infinity)
    if (j >= width) continue
    const keeps = isKept(bits, j)
    const v = <f64>load<f32>((keeps ? weight : dense) + (at >> 1))
    const g = diagonal(gram, width, j)
    const own = Math.abs(v) * Math.sqrt(g)
    store<f64>(t + at, keeps ? 2 * v : -2 * v)
    store<f64>(square + at, v * v * g)
    store<f64>(size + at, own)
    store<f64>(slack + at, 2 * own * load<f64>(peaks + at))
    store<f64>((keeps ? notKept : notPruned) + at, 0)
    if (!keeps) largestPruned = max(largestPruned, own)
  }
}

function swapRow(
  c: usize, gram: usize, width: i32, bits: usize, most: i32, group: i32, error: f64, figures: usize,
): void {
  const before = error
  let swaps = 0
  within = error / <f64>width
  advance(c, gram, 0, gram, 0)
  for (;;) {
    search(gram, width, group, swaps < most ? leastShare * error : 0)
    if (swaps == most || !(-best >= leastShare * error) || !(best < 0)) break
    const a = bestPruned
    const b = bestKept
    const ta = load<f64>(t + (<usize>a << 3))
    const tb = load<f64>(t + (<usize>b << 3))
    exchange(a, b, bits)
    advance(c, gram + (<usize>a * <usize>width << 2), ta / 2, gram + (<usize>b * <usize>width << 2), tb / 2)
    error += best
    swaps++
  }
  store<f64>(figures, before)
  store<f64>(figures, error, 8)
  store<f64>(figures, -best, 16)
  store<f64>(figures, <f64>swaps, 24)
}

/** Keeps a and prunes b. */
function exchange(a: i32, b: i32, bits: usize): void {
  const from = <usize>a << 3
  const to = <usize>b << 3
  store<f64>(t + from, -load<f64>(t + from))
  store<f64>(t + to, -load<f64>(t + to))
  store<f64>(notPruned + from, Infinity)
  store<f64>(notKept + from, 0)
  store<f64>(notKept + to, Infinity)
  store<f64>(notPruned + to, 0)
  largestPruned = max(largestPruned, load<f64>(size + to))
  const word = bits + (<usize>(a >> 5) << 2)
  store<u32>(word, load<u32>(word) | (1 << (a & 31)))
  const other = bits + (<usize>(b >> 5) << 2)
  store<u32>(other, load<u32>(other) & ~(1 << (b & 31)))
}

/** c += x·G_a + y·G_b, and the keys that come of it, with the least of both kinds. */
function advance(c: usize, ga: usize, x: f64, gb: usize, y: f64): void {
  const xs = f64x2.splat(x)
  const ys = f64x2.splat(y)
  let lowPruned = f64x2.splat(Infinity)
  let lowKept = lowPruned
  for (let at: usize = 0; at < step; at += 16) {
    // The last load of an odd row has a number too much: its column is neither pruned nor kept.
    const a = f64x2.promote_low_f32x4(v128.load64_zero(ga + (at >> 1)))
    const b = f64x2.promote_low_f32x4(v128.load64_zero(gb + (at >> 1)))
    const sum = madd64(a, xs, madd64(b, ys, v128.load(c + at)))
    v128.store(c + at, sum)
    const key = madd64(v128.load(t + at), sum, v128.load(square + at))
    const prunedKey = f64x2.add(key, v128.load(notPruned + at))
    const keptKey = f64x2.add(key, v128.load(notKept + at))
    v128.store(prunedKeys + at, prunedKey)
    v128.store(keptKeys + at, keptKey)
    lowPruned = f64x2.pmin(lowPruned, prunedKey)
    lowKept = f64x2.pmin(lowKept, keptKey)
  }
  leastPruned = min(f64x2.extract_lane(lowPruned, 0), f64x2.extract_lane(lowPruned, 1))
  leastKept = min(f64x2.extract_lane(lowKept, 0), f64x2.extract_lane(lowKept, 1))
}

/** Finds a swap that wins `enough`: the best one but where a long row has many good ones; best = 0 where none helps. */
function search(gram: usize, width: i32, group: i32, enough: f64): void {
  best = 0
  if (group > 0) {
    for (let g = 0; g < width; g += group) searchGroup(gram, width, g, g + group)
    return
  }
  if (leastPruned == Infinity || leastKept == Infinity) return
  if (width > longRow && enough > 0) {
    const prunedCount = listLeast(pruned, prunedKeys, leastPruned)
    tryPairs(gram, width, prunedCount, listLeast(kept, keptKeys, leastKept))
    if (-best >= enough) return
  }
  searchAll(gram, width)
}

/** Rows up to this length always make their best swap. */
const longRow: i32 = 128
/** Fewest and most of the least keys whose pairs are looked at in a long row. */
const fewest: i32 = 6
const mostListed: i32 = 16
/** Distance from the least key within which columns are listed; it follows how many these were. */
let within: f64 = 0

/** Lists columns with the least keys. */
function listLeast(list: usize, keys: usize, least: f64): i32 {
  let count = listBelow(list, keys, least + within, 0)
  if (count < fewest) within *= 1.3
  else if (count > mostListed) within *= 0.8
  return count
}

/** Finds the best of all swaps. */
function searchAll(gram: usize, width: i32): void {
  // The pair of the least keys is a good one to begin with; what cannot win against it is left out.
  tryPairs(gram, width, listBelow(pruned, prunedKeys, leastPruned, 0), listBelow(kept, keptKeys, leastKept, 0))
  const found = best
  const keptCount = listBelow(kept, keptKeys, found - leastPruned, largestPruned)
  let largestKept: f64 = 0
  for (let i = 0; i < keptCount; i++) largestKept = max(largestKept, load<f64>(size + (<usize>columnAt(kept, i) << 3)))
  const prunedCount = listBelow(pruned, prunedKeys, found - leastKept, largestKept)
  narrowKept(width)
  for (let i = 0; i < prunedCount; i++) searchPartners(gram, width, columnAt(pruned, i), largestKept)
}

/** Terms and keys of kept columns in f32 take the place of the list. */
function narrowKept(width: i32): void {
  const keys = kept + (step >> 1)
  for (let j = 0; j < width; j++) {
    const at = <usize>j << 2
    store<f32>(kept + at, <f32>load<f64>(t + (at << 1)))
    store<f32>(keys + at, <f32>load<f64>(keptKeys + (at << 1)))
  }
}

/** Looks at all pairs of a, four at a time in f32: those that may win by more than its rounding are looked at again. */
function searchPartners(gram: usize, width: i32, a: i32, largestKept: f64): void {
  const from = <usize>a << 3
  const key = load<f64>(prunedKeys + from)
  const most = load<f64>(slack + from) * largestKept
  if (key + leastKept - most > best) return
  const limit = best - key
  const limits = f32x4.splat(<f32>(limit + (Math.abs(limit) + most) * 2e-6))
  const term = f32x4.splat(<f32>(load<f64>(t + from) / 2))
  const row = gram + (<usize>a * <usize>width << 2)
  const keys = kept + (step >> 1)
  let b = 0
  for (; b + 4 <= width; b += 4) {
    const at = <usize>b << 2
    const cross = f32x4.mul(v128.load(kept + at), f32x4.mul(term, v128.load(row + at)))
    if (v128.any_true(f32x4.le(f32x4.add(v128.load(keys + at), cross), limits)))
      for (let k = 0; k < 4; k++) consider(gram, width, a, b + k)
  }
  for (; b < width; b++) consider(gram, width, a, b)
}

// @ts-ignore: decorator
@inline
function columnAt(list: usize, i: i32): i32 {
  return load<i32>(list + (<usize>i << 2))
}

/** Lists the columns whose key is at most limit + slack · factor; returns how many. */
function listBelow(list: usize, keys: usize, limit: f64, factor: f64): i32 {
  const limits = f64x2.splat(limit)
  const factors = f64x2.splat(factor)
  let count = 0
  for (let at: usize = 0; at < step; at += 16) {
    const low = f64x2.le(v128.load(keys + at), f64x2.add(limits, f64x2.mul(v128.load(slack + at), factors)))
    if (!v128.any_true(low)) continue
    for (let lane = 0; lane < 2; lane++) {
      if ((lane == 0 ? i64x2.extract_lane(low, 0) : i64x2.extract_lane(low, 1)) == 0) continue
      store<i32>(list + (<usize>count << 2), <i32>(at >> 3) + lane)
      count++
    }
  }
  return count
}

/** Looks at all pairs of both lists that may win. */
function tryPairs(gram: usize, width: i32, prunedCount: i32, keptCount: i32): void {
  for (let i = 0; i < prunedCount; i++)
    for (let k = 0; k < keptCount; k++) consider(gram, width, columnAt(pruned, i), columnAt(kept, k))
}

function searchGroup(gram: usize, width: i32, from: i32, to: i32): void {
  for (let a = from; a < to; a++) {
    if (load<f64>(notPruned + (<usize>a << 3)) > 0) continue
    for (let b = from; b < to; b++) consider(gram, width, a, b)
  }
}

/** Takes the pair if it is better than the best; where two win the same, the one with the first a, then the first b. */
// @ts-ignore: decorator
@inline
function consider(gram: usize, width: i32, a: i32, b: i32): void {
  const from = <usize>a << 3
  const to = <usize>b << 3
  const keys = load<f64>(prunedKeys + from) + load<f64>(keptKeys + to)
  if (keys - load<f64>(slack + from) * load<f64>(size + to) > best) return
  const g = <f64>load<f32>(gram + ((<usize>a * <usize>width + <usize>b) << 2))
  const change = keys + (load<f64>(t + from) * load<f64>(t + to) * g) / 2
  if (change > best || (change == best && (best == 0 || a > bestPruned || (a == bestPruned && b >= bestKept)))) return
  best = change
  bestPruned = a
  bestKept = b
}

function dot(x: usize, y: usize, width: i32): f64 {
  let sum: f64 = 0
  for (let j = 0; j < width; j++) sum += load<f64>(x + (<usize>j << 3)) * load<f64>(y + (<usize>j << 3))
  return sum
}

/** products[r] = G · residuals[r] of the rows of a tile. */
function multiply(products: usize, residuals: usize, gram: usize, n: i32): void {
  let k = 0
  for (; k + 4 <= n; k += 4) {
    let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
    let at = gram + (<usize>k << 2)
    let p = residuals
    for (let j = 0; j < n; j++) {
      const g = v128.load(at)
      const low = f64x2.promote_low_f32x4(g)
      const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(g, g, 1, 0))
      let x = v128.load64_splat(p)
      a0 = madd64(x, low, a0)
      a1 = madd64(x, high, a1)
      x = v128.load64_splat(p + step)
      b0 = madd64(x, low, b0)
      b1 = madd64(x, high, b1)
      x = v128.load64_splat(p + 2 * step)
      c0 = madd64(x, low, c0)
      c1 = madd64(x, high, c1)
      x = v128.load64_splat(p + 3 * step)
      d0 = madd64(x, low, d0)
      d1 = madd64(x, high, d1)
      at += <usize>n << 2
      p += 8
    }
    const out = products + (<usize>k << 3)
    v128.store(out, a0)
    v128.store(out, a1, 16)
    v128.store(out + step, b0)
    v128.store(out + step, b1, 16)
    v128.store(out + 2 * step, c0)
    v128.store(out + 2 * step, c1, 16)
    v128.store(out + 3 * step, d0)
    v128.store(out + 3 * step, d1, 16)
  }
  for (; k < n; k++)
    for (let r = 0; r < tile; r++) {
      let sum: f64 = 0
      for (let j = 0; j < n; j++) {
        const g = <f64>load<f32>(gram + ((<usize>j * <usize>n + <usize>k) << 2))
        sum += g * load<f64>(residuals + step * r + (<usize>j << 3))
      }
      store<f64>(products + step * r + (<usize>k << 3), sum)
    }
}
