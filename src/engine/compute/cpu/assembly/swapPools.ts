// Swaps of a long row. The columns with the least keys (swapState.ts) form a pool and swap among themselves. Then c is updated once
// for all of these swaps. If a pool finds no swap, every pair that may help is searched.
import {
  advance, best, bestKept, columnAt, exchange, kept, keptCount, keptKeys, lack, lackedAt, leastKept, leastPruned, listBelow,
  listBeyond, pool, poolSize, pruned, prunedCount, prunedKeys, rowError, searchPartners, setBest, t,
} from './swapState'

/** A swap that gains a smaller share of the row's error is not made. */
export const leastShare: f64 = 1e-6
/** Least and most columns of a kind (pruned or kept) that a pool should have. */
const fewest: i32 = 8
const mostPooled: i32 = 16
/** A pool ends when its next swap would gain less than this share of its first. */
const worthIt: f64 = 0.3

/** Distances from the least keys within which columns are pooled, adapted to how many columns they gave. */
let withinPruned: f64 = 0
let withinKept: f64 = 0
// Numbers of columns in the pool, and the best change of the row's error by a swap of two of them.
let ofPruned: i32 = 0
let ofKept: i32 = 0
let bestPooled: f64 = 0

// In the pool's memory: keys and t of pruned columns, those of kept ones, t_a·t_b·G_ab / 2 of all pairs, and a list of columns.
/** Bytes of one f64 for each column of a kind. */
const line: usize = <usize>poolSize << 3

// @ts-ignore: decorator
@inline
function termsOf(i: i32): usize {
  return pool + (4 + <usize>i) * line
}

/** Makes swaps until none helps, at most `most`, and finds the best that is left. Returns the number of swaps made. */
export function swapInPools(c: usize, gram: usize, width: i32, bits: usize, most: i32): i32 {
  let swaps = 0
  setBest(0)
  withinPruned = withinKept = rowError / <f64>width
  while (leastPruned != Infinity && leastKept != Infinity) {
    listLeast()
    let made = swapInPool(gram, width, bits, most - swaps)
    if (made == 0) {
      // Columns of larger keys may gain together where they are correlated.
      listBestPairs(gram, width, swaps == most ? 1 : worthIt)
      if (swaps == most || !(-best >= leastShare * rowError) || !(best < 0)) break
      made = swapInPool(gram, width, bits, most - swaps)
      if (made == 0) break
    }
    advance(c, 2 * made)
    swaps += made
  }
  return swaps
}

/** Lists the columns of the least keys. */
function listLeast(): void {
  ofPruned = listBelow(pruned, prunedKeys, leastPruned + withinPruned, 0)
  withinPruned *= ofPruned < fewest ? 1.3 : ofPruned > mostPooled ? 0.8 : 1
  ofPruned = min(ofPruned, poolSize)
  ofKept = listBelow(kept, keptKeys, leastKept + withinKept, 0)
  withinKept *= ofKept < fewest ? 1.3 : ofKept > mostPooled ? 0.8 : 1
  ofKept = min(ofKept, poolSize)
}

/** Finds the best of all swaps, and lists the columns of swaps that gain at least `share` of the best found before them. */
function listBestPairs(gram: usize, width: i32, share: f64): void {
  const partners = termsOf(poolSize)
  let least: f64 = 0
  listBeyond(0)
  ofPruned = 0
  for (let i = 0; i < prunedCount; i++) {
    const a = columnAt(pruned, i)
    setBest(share * least)
    searchPartners(gram, width, a)
    if (!(best < share * least)) continue
    least = min(least, best)
    // The list is overwritten while it is read: writes never get ahead of reads.
    const at = <usize>(ofPruned < poolSize ? ofPruned++ : poolSize - 1) << 2
    store<i32>(pruned + at, a)
    store<i32>(partners + at, bestKept)
  }
  setBest(least)
  ofKept = 0
  for (let i = 0; i < ofPruned; i++) {
    let k = 0
    while (k < ofKept && columnAt(kept, k) != columnAt(partners, i)) k++
    store<i32>(kept + (<usize>k << 2), columnAt(partners, i))
    ofKept = max(ofKept, k + 1)
  }
}

/** Makes swaps between the listed columns, at most `most`, while they gain a large share of what the first one gains; returns how many. */
function swapInPool(gram: usize, width: i32, bits: usize, most: i32): i32 {
  fillPool(gram, width)
  let made = 0
  let enough = leastShare * rowError
  for (; made < min(most, poolSize); made++) {
    const i = findBest()
    if (!(-bestPooled >= enough) || !(bestPooled < 0)) break
    if (made == 0) enough = max(enough, -worthIt * bestPooled)
    const k = partnerOf(i)
    const a = columnAt(pruned, i)
    const b = columnAt(kept, k)
    lack(2 * made, gram, width, a, b, bestPooled)
    advanceKeys(2 * made, pruned, pool, ofPruned)
    advanceKeys(2 * made, kept, pool + 2 * line, ofKept)
    store<f64>(pool + (<usize>i << 3), Infinity)
    store<f64>(pool + 2 * line + (<usize>k << 3), Infinity)
    exchange(a, b, bits)
  }
  return made
}

/** Keys and t of the listed columns, and the terms of every pair. */
function fillPool(gram: usize, width: i32): void {
  fillKind(pool, pruned, prunedKeys, ofPruned)
  fillKind(pool + 2 * line, kept, keptKeys, ofKept)
  // Keys are read in pairs.
  if (ofKept < poolSize) store<f64>(pool + 2 * line + (<usize>ofKept << 3), Infinity)
  for (let i = 0; i < ofPruned; i++) {
    const row = gram + (<usize>columnAt(pruned, i) * <usize>width << 2)
    const half = load<f64>(pool + line + (<usize>i << 3)) / 2
    for (let k = 0; k < ofKept; k++) {
      const g = <f64>load<f32>(row + (<usize>columnAt(kept, k) << 2))
      store<f64>(termsOf(i) + (<usize>k << 3), half * load<f64>(pool + 3 * line + (<usize>k << 3)) * g)
    }
  }
}

function fillKind(out: usize, list: usize, keys: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const from = <usize>columnAt(list, i) << 3
    store<f64>(out + (<usize>i << 3), load<f64>(keys + from))
    store<f64>(out + line + (<usize>i << 3), load<f64>(t + from))
  }
}

/** Finds the pruned column of the pool's best pair. */
function findBest(): i32 {
  let found = 0
  bestPooled = 0
  for (let i = 0; i < ofPruned; i++) {
    let low = f64x2.splat(Infinity)
    for (let at: usize = 0; at < <usize>ofKept << 3; at += 16)
      low = f64x2.pmin(low, f64x2.add(v128.load(pool + 2 * line + at), v128.load(termsOf(i) + at)))
    const change = load<f64>(pool + (<usize>i << 3)) + min(f64x2.extract_lane(low, 0), f64x2.extract_lane(low, 1))
    if (!(change < bestPooled)) continue
    bestPooled = change
    found = i
  }
  return found
}

/** The kept column with which a pruned one gains most. */
function partnerOf(i: i32): i32 {
  let least = Infinity
  let partner = 0
  for (let k = 0; k < ofKept; k++) {
    const at = <usize>k << 3
    const change = load<f64>(pool + 2 * line + at) + load<f64>(termsOf(i) + at)
    if (!(change < least)) continue
    least = change
    partner = k
  }
  return partner
}

/** Updates the pool's keys of a kind for the swap that `lack` noted after `count` columns. */
function advanceKeys(count: i32, list: usize, keys: usize, places: i32): void {
  const at = lackedAt(count)
  const ga = load<usize>(at)
  const x = load<f64>(at, 8)
  const gb = load<usize>(at, 16)
  const y = load<f64>(at, 24)
  for (let i = 0; i < places; i++) {
    const from = <usize>columnAt(list, i) << 2
    const key = keys + (<usize>i << 3)
    const change = x * <f64>load<f32>(ga + from) + y * <f64>load<f32>(gb + from)
    store<f64>(key, load<f64>(key) + load<f64>(key + line) * change)
  }
}
