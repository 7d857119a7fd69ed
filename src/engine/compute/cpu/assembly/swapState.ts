// The state from which one row's swaps are found (docs/methods.md, "Swaps"), in f64. v is the dense value of a pruned weight and the
// present value of a kept one; t is −2v of a pruned weight and 2v of a kept one; c = G·residual; key = t·c + v²·G_jj. A swap of a
// and b changes the row's error by key_a + key_b + t_a·t_b·G_ab / 2.
import { madd64, promoteHigh } from './simd'

/** Most columns of a kind that swap among themselves before c is updated. */
export const poolSize: i32 = 32
/** Bytes for the list of what c lacks, and for a pool: two keys and two t of each place, the cross terms of all pairs, and a list. */
const poolBytes: usize = <usize>poolSize * (32 + 32 + 8 * <usize>poolSize + 8)

/** Bytes of a vector of f64, one for each column, padded to a multiple of four. */
// @ts-ignore: decorator
@inline
export function bytesOf(width: i32): usize {
  return <usize>((width + 3) & ~3) << 3
}

/** Bytes that `layOut` needs. */
export function stateBytes(width: i32): usize {
  return bytesOf(width) * 13 + poolBytes
}

// @ts-ignore: decorator
@inline
export function isKept(bits: usize, j: i32): bool {
  return ((load<u32>(bits + (<usize>(j >> 5) << 2)) >>> (j & 31)) & 1) == 1
}

// Vectors of a row, each `step` bytes: t, v²·G_jj, √G_jj·|v|, twice that times the peak, 0 or ∞ for pruned and for kept columns
// (the other way round), keys of pruned and of kept columns (∞ for the others), and two lists of columns.
export let step: usize = 0
export let t: usize = 0
let square: usize = 0
export let size: usize = 0
export let slack: usize = 0
let notPruned: usize = 0
let notKept: usize = 0
export let prunedKeys: usize = 0
export let keptKeys: usize = 0
export let pruned: usize = 0
export let kept: usize = 0
let narrow: usize = 0
/** Room for a pool. */
export let pool: usize = 0
let lacking: usize = 0

export function layOut(at: usize, width: i32): void {
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
  narrow = kept + step
  lacking = narrow + 2 * step
  pool = lacking + (<usize>poolSize << 5)
}

// The best swap that `search` has found, and the largest `size` of a pruned column.
export let best: f64 = 0
export let bestPruned: i32 = 0
export let bestKept: i32 = 0
let largestPruned: f64 = 0
// The least keys, which `advance` has found.
export let leastPruned: f64 = 0
export let leastKept: f64 = 0
// How many columns are listed, and the largest size of a kept one.
export let prunedCount: i32 = 0
export let keptCount: i32 = 0
let largestKept: f64 = 0
// The row's error now.
export let rowError: f64 = 0

/** Loads a row whose error is `error`. */
export function loadRow(weight: usize, dense: usize, bits: usize, peaks: usize, width: i32, error: f64): void {
  rowError = error
  memory.fill(t, 0, step * 8)
  largestPruned = 0
  for (let j = 0; j < <i32>(step >> 3); j++) {
    const at = <usize>j << 3
    store<f64>(notPruned + at, Infinity)
    store<f64>(notKept + at, Infinity)
    if (j >= width) continue
    const keeps = isKept(bits, j)
    const v = <f64>load<f32>((keeps ? weight : dense) + (at >> 1))
    const g = load<f64>(peaks + (<usize>width << 3) + at)
    const own = Math.abs(v) * Math.sqrt(g)
    store<f64>(t + at, keeps ? 2 * v : -2 * v)
    store<f64>(square + at, v * v * g)
    store<f64>(size + at, own)
    store<f64>(slack + at, 2 * own * load<f64>(peaks + at))
    store<f64>((keeps ? notKept : notPruned) + at, 0)
    if (!keeps) largestPruned = max(largestPruned, own)
  }
}

/** Notes the two columns of G that c lacks after a swap, after `count` noted columns, and adds `change` to the row's error. */
export function lack(count: i32, gram: usize, width: i32, a: i32, b: i32, change: f64): void {
  const at = lacking + (<usize>count << 4)
  store<usize>(at, gram + (<usize>a * <usize>width << 2))
  store<f64>(at, load<f64>(t + (<usize>a << 3)) / 2, 8)
  store<usize>(at, gram + (<usize>b * <usize>width << 2), 16)
  store<f64>(at, load<f64>(t + (<usize>b << 3)) / 2, 24)
  rowError += change
}

/** Address of the two columns of G noted after `count` others, and of their factors. */
export function lackedAt(count: i32): usize {
  return lacking + (<usize>count << 4)
}

/** Sets the best swap's change of the error, where the caller knows it. */
export function setBest(change: f64): void {
  best = change
}

/** Keeps a and prunes b. */
export function exchange(a: i32, b: i32, bits: usize): void {
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

/** Adds to c the `count` columns of G that it lacks, and computes all keys and the least key of each kind. */
export function advance(c: usize, count: i32): void {
  const end = lacking + (<usize>count << 4)
  let lowPruned = f64x2.splat(Infinity)
  let lowKept = lowPruned
  for (let at: usize = 0; at < step; at += 32) {
    // The last loads go beyond the row: columns there are neither pruned nor kept.
    let low = v128.load(c + at)
    let high = v128.load(c + at, 16)
    for (let one = lacking; one < end; one += 16) {
      const g = v128.load(load<usize>(one) + (at >> 1))
      const x = v128.load64_splat(one, 8)
      low = madd64(f64x2.promote_low_f32x4(g), x, low)
      high = madd64(promoteHigh(g), x, high)
    }
    v128.store(c + at, low)
    v128.store(c + at, high, 16)
    for (let half: usize = 0; half < 32; half += 16) {
      const key = madd64(v128.load(t + at + half), half ? high : low, v128.load(square + at + half))
      const prunedKey = f64x2.add(key, v128.load(notPruned + at + half))
      const keptKey = f64x2.add(key, v128.load(notKept + at + half))
      v128.store(prunedKeys + at + half, prunedKey)
      v128.store(keptKeys + at + half, keptKey)
      lowPruned = f64x2.pmin(lowPruned, prunedKey)
      lowKept = f64x2.pmin(lowKept, keptKey)
    }
  }
  leastPruned = min(f64x2.extract_lane(lowPruned, 0), f64x2.extract_lane(lowPruned, 1))
  leastKept = min(f64x2.extract_lane(lowKept, 0), f64x2.extract_lane(lowKept, 1))
}

/** Finds the best swap; best = 0 where none helps. */
export function search(gram: usize, width: i32, group: i32): void {
  best = 0
  if (group > 0) for (let g = 0; g < width; g += group) searchGroup(gram, width, g, g + group)
  else if (leastPruned != Infinity && leastKept != Infinity) searchAll(gram, width)
}

/** Finds the best of all swaps. */
function searchAll(gram: usize, width: i32): void {
  // The search begins with the pair of the least keys, and leaves out pairs that cannot be better.
  listBelow(pruned, prunedKeys, leastPruned, 0)
  listBelow(kept, keptKeys, leastKept, 0)
  consider(gram, width, columnAt(pruned, 0), columnAt(kept, 0))
  listBeyond(best)
  for (let i = 0; i < prunedCount; i++) searchPartners(gram, width, columnAt(pruned, i))
}

/** Lists the columns that may be in a swap whose change is below `found`; writes values of the kept ones in f32 too. */
export function listBeyond(found: f64): void {
  keptCount = listBelow(kept, keptKeys, found - leastPruned, largestPruned)
  largestKept = 0
  for (let i = 0; i < keptCount; i++) largestKept = max(largestKept, load<f64>(size + (<usize>columnAt(kept, i) << 3)))
  prunedCount = listBelow(pruned, prunedKeys, found - leastKept, largestKept)
  narrowKept(keptCount)
}

/** Sizes, slacks and keys of the listed kept columns in f32. */
function narrowKept(count: i32): void {
  for (let k = 0; k < count; k++) {
    const from = <usize>columnAt(kept, k) << 3
    const to = narrow + (<usize>k << 2)
    store<f32>(to, <f32>load<f64>(size + from))
    store<f32>(to + (step >> 1), <f32>load<f64>(slack + from))
    store<f32>(to + step, <f32>load<f64>(keptKeys + from))
  }
}

/** Considers the pairs of a that may be the best by their bound, computed four at a time in f32 with a margin for rounding. */
export function searchPartners(gram: usize, width: i32, a: i32): void {
  const from = <usize>a << 3
  const key = load<f64>(prunedKeys + from)
  const most = load<f64>(slack + from) * largestKept
  if (key + leastKept - most > best) return
  let limits = limitOf(key, most)
  const slacks = f32x4.splat(<f32>load<f64>(slack + from))
  const sizes = f32x4.splat(<f32>load<f64>(size + from))
  for (let k = 0; k < keptCount; k += 4) {
    const at = narrow + (<usize>k << 2)
    const one = f32x4.mul(slacks, v128.load(at))
    const other = f32x4.mul(sizes, v128.load(at + (step >> 1)))
    const low = f32x4.sub(v128.load(at + step), f32x4.pmin(one, other))
    const hits = f32x4.le(low, limits)
    if (!v128.any_true(hits)) continue
    for (let left = i32x4.bitmask(hits); left; left &= left - 1)
      if (k + ctz(left) < keptCount) consider(gram, width, a, columnAt(kept, k + ctz(left)))
    limits = limitOf(key, most)
  }
}

/** Most that a kept column's key and the cross term may add to `key` to reach `best`, plus a margin. `most`: largest cross term. */
// @ts-ignore: decorator
@inline
function limitOf(key: f64, most: f64): v128 {
  const limit = best - key
  return f32x4.splat(<f32>(limit + (Math.abs(limit) + most) * 2e-6))
}

// @ts-ignore: decorator
@inline
export function columnAt(list: usize, i: i32): i32 {
  return load<i32>(list + (<usize>i << 2))
}

/** Lists the columns whose key is at most limit + slack · factor; returns how many. */
export function listBelow(list: usize, keys: usize, limit: f64, factor: f64): i32 {
  const limits = f64x2.splat(limit)
  const factors = f64x2.splat(factor)
  let count = 0
  for (let at: usize = 0; at < step; at += 32) {
    const low = f64x2.le(v128.load(keys + at), f64x2.add(limits, f64x2.mul(v128.load(slack + at), factors)))
    const high = f64x2.le(v128.load(keys + at, 16), f64x2.add(limits, f64x2.mul(v128.load(slack + at, 16), factors)))
    if (!v128.any_true(v128.or(low, high))) continue
    const bits = i64x2.bitmask(low) | (i64x2.bitmask(high) << 2)
    for (let left = bits; left; left &= left - 1) {
      store<i32>(list + (<usize>count << 2), <i32>(at >> 3) + ctz(left))
      count++
    }
  }
  return count
}

function searchGroup(gram: usize, width: i32, from: i32, to: i32): void {
  for (let a = from; a < to; a++) {
    if (load<f64>(notPruned + (<usize>a << 3)) > 0) continue
    for (let b = from; b < to; b++) consider(gram, width, a, b)
  }
}

/** Takes the pair if it is better than the best; where two gain the same, the one with the first a, then the first b. */
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

