// Selection over a whole matrix or several: histograms of one digit of the scores' keys, and masks below a limit.
//
// Ranges of columns [first, last) belong to a matrix whose rows are `width` elements and `words` mask words apart.
import { pattern, patterns, placeOf, score } from './scores'

// @ts-ignore: decorator
@inline
export function increment(counts: usize, bin: i32): void {
  const at = counts + (<usize>bin << 2)
  store<i32>(at, load<i32>(at) + 1)
}

/** Counts all scores of a row by the bits of the first key above `shift`. */
function countRow(weight: usize, scale: usize, apart: usize, columns: i32, counts: usize, shift: i32): void {
  let c = 0
  for (; c + 4 <= columns; c += 4) {
    const bins = i32x4.shr_u(patterns(weight, scale, apart), shift)
    increment(counts, i32x4.extract_lane(bins, 0))
    increment(counts, i32x4.extract_lane(bins, 1))
    increment(counts, i32x4.extract_lane(bins, 2))
    increment(counts, i32x4.extract_lane(bins, 3))
    weight += 16
    if (scale) scale += 16
  }
  for (; c < columns; c++) {
    increment(counts, pattern(weight, scale, apart) >>> shift)
    weight += 4
    if (scale) scale += 4
  }
}

/**
 * Counts a digit of the scores of a row whose key has the bits `prefix` above this digit. These are few, so scores are tested
 * four at a time. With `within` < 0 it is a digit of the first key; else of the second key, of scores whose first is `within`.
 */
function countPrefixed(
  weight: usize, scale: usize, apart: usize, columns: i32, counts: usize, shift: i32, bits: i32, prefix: i32, within: i32,
): void {
  const top = within < 0 ? shift + bits : 0
  const wanted = i32x4.splat(within < 0 ? prefix : within)
  for (let c = 0; c < columns; c += 4) {
    const at = <usize>c << 2
    let hits = columns - c < 4
      ? (1 << (columns - c)) - 1
      : i32x4.bitmask(i32x4.eq(i32x4.shr_u(patterns(weight + at, scale ? scale + at : 0, apart), top), wanted))
    while (hits) {
      const lane = at + (<usize>ctz(hits) << 2)
      countOne(weight + lane, scale ? scale + lane : 0, apart, counts, shift, bits, prefix, within)
      hits &= hits - 1
    }
  }
}

// @ts-ignore: decorator
@inline
function countOne(
  weight: usize, scale: usize, apart: usize, counts: usize, shift: i32, bits: i32, prefix: i32, within: i32,
): void {
  let key = pattern(weight, scale, apart)
  if (within >= 0) {
    if (key != within) return
    key = placeOf(score(weight, scale, apart), within)
  }
  if (key >>> (shift + bits) == prefix) increment(counts, (key >>> shift) & ((1 << bits) - 1))
}

/** Adds to counts[2^bits] (i32) the digits of the scores in rows [start, end). */
export function countScores(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, counts: usize,
  shift: i32, bits: i32, prefix: i32, within: i32,
): void {
  const apart: usize = <usize>width << 2
  const from = scale ? scale + (<usize>first << 2) : 0
  for (let r = start; r < end; r++) {
    const row = weight + ((<usize>r * <usize>width + <usize>first) << 2)
    if (within < 0 && shift + bits == 31) countRow(row, from, apart, last - first, counts, shift)
    else countPrefixed(row, from, apart, last - first, counts, shift, bits, prefix, within)
  }
}

/** ties[r] = number of scores of row r whose keys are `limit` and `place`. */
export function countTies(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, limit: i32, place: i32, ties: usize,
): void {
  const apart: usize = <usize>width << 2
  for (let r = start; r < end; r++) {
    const row = weight + ((<usize>r * <usize>width) << 2)
    let count = 0
    for (let c = first; c < last; c++) {
      const at = <usize>c << 2
      const factor = scale ? scale + at : 0
      if (pattern(row + at, factor, apart) != limit) continue
      if (placeOf(score(row + at, factor, apart), limit) == place) count++
    }
    store<i32>(ties + (<usize>r << 2), count)
  }
}

/**
 * Mask of one row: pruned are the scores whose keys come before `limit` and `place`, and the first `ties` that have both.
 * Patterns are compared four at a time; the few that equal the limit are looked at again.
 */
export function maskRow(
  weight: usize, scale: usize, apart: usize, first: i32, last: i32, mask: usize, limit: i32, place: i32, ties: i32,
): void {
  for (let c = first; c < last; ) {
    const stop = min(last, (c | 31) + 1)
    const at = mask + (<usize>(c >> 5) << 2)
    let below = 0
    let equal = 0
    let range = -1
    if (stop - c == 32) {
      for (let i = 0; i < 32; i += 4) {
        const offset = <usize>(c + i) << 2
        const four = patterns(weight + offset, scale ? scale + offset : 0, apart)
        below |= i32x4.bitmask(i32x4.lt_s(four, i32x4.splat(limit))) << i
        equal |= i32x4.bitmask(i32x4.eq(four, i32x4.splat(limit))) << i
      }
    } else {
      range = 0
      for (let i = c; i < stop; i++) {
        const offset = <usize>i << 2
        const one = pattern(weight + offset, scale ? scale + offset : 0, apart)
        range |= 1 << (i & 31)
        below |= i32(one < limit) << (i & 31)
        equal |= i32(one == limit) << (i & 31)
      }
    }
    while (equal) {
      const bit = equal & -equal
      const offset = <usize>((c & ~31) + ctz(equal)) << 2
      const here = placeOf(score(weight + offset, scale ? scale + offset : 0, apart), limit)
      if (here < place || (here == place && ties > 0)) below |= bit
      if (here == place) ties--
      equal &= equal - 1
    }
    store<i32>(at, (load<i32>(at) & ~range) | (range & ~below))
    c = stop
  }
}

/** Rows before `tieRow` prune scores up to and including the limit, later rows only those below it; `tieRow` prunes `ties` equal ones. */
export function maskBelow(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, first: i32, last: i32, mask: usize, words: i32,
  limit: i32, place: i32, tieRow: i32, ties: i32,
): void {
  for (let r = start; r < end; r++)
    maskRow(
      weight + ((<usize>r * <usize>width) << 2), scale, <usize>width << 2, first, last,
      mask + ((<usize>r * <usize>words) << 2), limit, r < tieRow ? place + 1 : place, r == tieRow ? ties : 0,
    )
}
