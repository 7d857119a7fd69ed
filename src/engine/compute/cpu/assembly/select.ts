// Selection: score histograms and masks. A score |w|·scale is never stored; its f32 bit pattern without the sign orders
// as an integer, so NaN and infinity are the patterns from 0x7f800000 on.
//
// Ranges of columns [first, last) belong to a matrix whose rows are `width` elements and `words` mask words apart.

const signless: i32 = 0x7fffffff
export const notFinite: i32 = 0x7f800000

/** Patterns of four scores. A null scale is 1. */
// @ts-ignore: decorator
@inline
export function patterns(weight: usize, scale: usize): v128 {
  let x = v128.load(weight)
  if (scale) x = f32x4.mul(x, v128.load(scale))
  return v128.and(x, i32x4.splat(signless))
}

// @ts-ignore: decorator
@inline
export function pattern(weight: usize, scale: usize): i32 {
  let x = load<f32>(weight)
  if (scale) x *= load<f32>(scale)
  return reinterpret<i32>(x) & signless
}

// @ts-ignore: decorator
@inline
function increment(counts: usize, bin: i32): void {
  const at = counts + (<usize>bin << 2)
  store<i32>(at, load<i32>(at) + 1)
}

/** Counts all scores of a row by the bits above `shift`. */
function countRow(weight: usize, scale: usize, columns: i32, counts: usize, shift: i32): void {
  let c = 0
  for (; c + 4 <= columns; c += 4) {
    const bins = i32x4.shr_u(patterns(weight, scale), shift)
    increment(counts, i32x4.extract_lane(bins, 0))
    increment(counts, i32x4.extract_lane(bins, 1))
    increment(counts, i32x4.extract_lane(bins, 2))
    increment(counts, i32x4.extract_lane(bins, 3))
    weight += 16
    if (scale) scale += 16
  }
  for (; c < columns; c++) {
    increment(counts, pattern(weight, scale) >>> shift)
    weight += 4
    if (scale) scale += 4
  }
}

/** Counts those scores of a row whose bits above the digit equal `prefix`: few, so four are dismissed at a time. */
function countPrefixed(
  weight: usize, scale: usize, columns: i32, counts: usize, shift: i32, bits: i32, prefix: i32,
): void {
  const top = shift + bits
  const digit = (1 << bits) - 1
  let c = 0
  for (; c + 4 <= columns; c += 4) {
    const four = patterns(weight, scale)
    let hits = i32x4.bitmask(i32x4.eq(i32x4.shr_u(four, top), i32x4.splat(prefix)))
    while (hits) {
      const lane = ctz(hits)
      increment(counts, (pattern(weight + (lane << 2), scale ? scale + (lane << 2) : 0) >>> shift) & digit)
      hits &= hits - 1
    }
    weight += 16
    if (scale) scale += 16
  }
  for (; c < columns; c++) {
    const one = pattern(weight, scale)
    if (one >>> top == prefix) increment(counts, (one >>> shift) & digit)
    weight += 4
    if (scale) scale += 4
  }
}

/** Adds to counts[2^bits] (i32) the digits of the scores in rows [start, end). */
export function countScores(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, counts: usize,
  shift: i32, bits: i32, prefix: i32,
): void {
  const from = scale ? scale + (<usize>first << 2) : 0
  for (let r = start; r < end; r++) {
    const row = weight + ((<usize>r * <usize>width + <usize>first) << 2)
    if (shift + bits == 31) countRow(row, from, last - first, counts, shift)
    else countPrefixed(row, from, last - first, counts, shift, bits, prefix)
  }
}

/** ties[r] = scores of row r that equal `limit`. */
export function countTies(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, limit: i32, ties: usize,
): void {
  const from = scale ? scale + (<usize>first << 2) : 0
  for (let r = start; r < end; r++) {
    const row = weight + ((<usize>r * <usize>width + <usize>first) << 2)
    let count = 0
    for (let c = 0; c < last - first; c++)
      if (pattern(row + (<usize>c << 2), from ? from + (<usize>c << 2) : 0) == limit) count++
    store<i32>(ties + (<usize>r << 2), count)
  }
}

/** Mask of one row: pruned are the scores below `bound`, and the first `ties` that equal it. */
function maskRow(
  weight: usize, scale: usize, first: i32, last: i32, mask: usize, bound: i32, ties: i32,
): void {
  for (let c = first; c < last; ) {
    const stop = min(last, (c | 31) + 1)
    const at = mask + (<usize>(c >> 5) << 2)
    let pruned = 0
    if (stop - c == 32 && ties == 0) {
      for (let i = 0; i < 32; i += 4) {
        const offset = <usize>(c + i) << 2
        const four = patterns(weight + offset, scale ? scale + offset : 0)
        pruned |= i32x4.bitmask(i32x4.lt_s(four, i32x4.splat(bound))) << i
      }
      store<i32>(at, ~pruned)
      c = stop
      continue
    }
    let range = 0
    for (; c < stop; c++) {
      const offset = <usize>c << 2
      const one = pattern(weight + offset, scale ? scale + offset : 0)
      const bit = 1 << (c & 31)
      range |= bit
      if (one < bound) pruned |= bit
      else if (one == bound && ties > 0) {
        pruned |= bit
        ties--
      }
    }
    store<i32>(at, (load<i32>(at) & ~range) | (range & ~pruned))
  }
}

/** Rows before `tieRow` prune up to and with `limit`, rows behind it below it, and `tieRow` its first `ties` equals. */
export function maskBelow(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, mask: usize, words: i32,
  limit: i32, tieRow: i32, ties: i32,
): void {
  for (let r = start; r < end; r++)
    maskRow(
      weight + ((<usize>r * <usize>width) << 2), scale, first, last, mask + ((<usize>r * <usize>words) << 2),
      r < tieRow ? limit + 1 : limit, r == tieRow ? ties : 0,
    )
}

/** The bin that holds the k-th smallest (k ≥ 1); what is below it is left at `counts`. */
function findBin(counts: usize, k: i32): i32 {
  let below = 0
  let bin = 0
  for (;;) {
    const at = counts + (<usize>bin << 2)
    const four = v128.load(at)
    const sum =
      i32x4.extract_lane(four, 0) + i32x4.extract_lane(four, 1) + (i32x4.extract_lane(four, 2) + i32x4.extract_lane(four, 3))
    if (below + sum >= k) break
    below += sum
    bin += 4
  }
  for (;;) {
    const count = load<i32>(counts + (<usize>bin << 2))
    if (below + count >= k) break
    below += count
    bin++
  }
  store<i32>(counts, below)
  return bin
}

/** Keeps those of `count` patterns whose digit is `bin`, in place; returns how many. */
function narrow(from: usize, to: usize, count: i32, shift: i32, digit: i32, bin: i32): i32 {
  let kept = 0
  for (let i = 0; i < count; i++) {
    const one = load<i32>(from + (<usize>i << 2))
    store<i32>(to + (<usize>kept << 2), one)
    kept += i32(((one >>> shift) & digit) == bin)
  }
  return kept
}

/** Bytes of scratch that selectRows needs: patterns, those that are still candidates, and counts. */
export function selectRowsScratch(width: i32): i32 {
  return 4 * (2 * ((width + 4) & ~3) + 2048)
}

/** In each row the k smallest go (and with `withTies` all equal to the k-th); adds scores that are not finite to `bad`. */
export function selectRows(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, mask: usize, words: i32, k: i32, withTies: i32,
  bad: usize, scratch: usize,
): void {
  const counts = scratch
  const row = scratch + 8192
  const candidates = row + (<usize>((width + 4) & ~3) << 2)
  for (let r = start; r < end; r++) {
    storePatterns(weight + ((<usize>r * <usize>width) << 2), scale, width, row)
    memory.fill(counts, 0, 8192)
    countRow(row, 0, width, counts, 20)
    for (let bin = notFinite >>> 20; bin < 2048; bin++)
      store<i32>(bad, load<i32>(bad) + load<i32>(counts + (<usize>bin << 2)))
    let bound = 0
    let left = k
    if (k > 0) {
      let bin = findBin(counts, left)
      left -= load<i32>(counts)
      bound = bin
      let count = narrow(row, candidates, width, 20, 2047, bin)
      for (let shift = 10; shift >= 0; shift -= 10) {
        memory.fill(counts, 0, 4096)
        for (let i = 0; i < count; i++) increment(counts, (load<i32>(candidates + (<usize>i << 2)) >>> shift) & 1023)
        bin = findBin(counts, left)
        left -= load<i32>(counts)
        bound = (bound << 10) | bin
        count = narrow(candidates, candidates, count, shift, 1023, bin)
      }
      if (withTies || left == count) {
        bound++
        left = 0
      }
    }
    maskRow(row, 0, 0, width, mask + ((<usize>r * <usize>words) << 2), bound, left)
  }
}

/** Writes the patterns of a row. */
export function storePatterns(weight: usize, scale: usize, columns: i32, out: usize): void {
  let c = 0
  for (; c + 4 <= columns; c += 4) {
    v128.store(out, patterns(weight, scale))
    weight += 16
    out += 16
    if (scale) scale += 16
  }
  for (; c < columns; c++) {
    store<i32>(out, pattern(weight, scale))
    weight += 4
    out += 4
    if (scale) scale += 4
  }
}
