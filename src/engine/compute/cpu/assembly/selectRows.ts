// Selection row by row: the k-th smallest key of a row is found digit by digit, among fewer and fewer candidates.
import { increment, maskRow } from './select'
import { exactPlace, notFinite, pattern, patterns, placeOf, score } from './scores'

/** Bytes of scratch that selectRows needs: counts, the patterns of a row, and those that are still candidates. */
export function selectRowsScratch(width: i32): i32 {
  return 4 * (2048 + 2 * ((width + 4) & ~3))
}

/** Prunes the k smallest in each row (and with `withTies` all equal to the k-th); adds scores that are not finite to `bad`. */
export function selectRows(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, mask: usize, words: i32, k: i32, withTies: i32,
  bad: usize, scratch: usize,
): void {
  const apart: usize = <usize>width << 2
  const counts = scratch
  const row = scratch + 8192
  const candidates = row + (<usize>((width + 4) & ~3) << 2)
  for (let r = start; r < end; r++) {
    const from = weight + ((<usize>r * <usize>width) << 2)
    const bits = mask + ((<usize>r * <usize>words) << 2)
    storePatterns(from, scale, apart, width, row)
    store<i32>(bad, load<i32>(bad) + countNotFinite(row, width))
    if (k == 0) {
      maskRow(row, 0, 0, 0, width, bits, 0, 0, 0)
      continue
    }
    const limit = kthKey(row, candidates, width, k, counts)
    let left = k - load<i32>(counts)
    let equal = load<i32>(counts, 4)
    if (left == equal || (withTies && !scale)) {
      // All scores that round to the k-th are pruned, so second keys do not matter.
      maskRow(row, 0, 0, 0, width, bits, limit + 1, 0, 0)
      continue
    }
    if (!scale) {
      maskRow(row, 0, 0, 0, width, bits, limit, exactPlace, left)
      continue
    }
    const place = kthKey(candidates, candidates, storePlaces(from, scale, apart, row, width, limit, candidates), left, counts)
    left -= load<i32>(counts)
    maskRow(from, scale, apart, 0, width, bits, limit, withTies ? place + 1 : place, withTies ? 0 : left)
  }
}

/**
 * The k-th smallest (k ≥ 1) of `count` keys of 31 bits; leaves at `counts` how many are smaller and how many equal.
 * `candidates` is overwritten; it may be where the keys are.
 */
function kthKey(keys: usize, candidates: usize, count: i32, k: i32, counts: usize): i32 {
  let key = 0
  let left = k
  let width = 11
  let from = keys
  for (let shift = 20; shift >= 0; shift -= 10) {
    memory.fill(counts, 0, <usize>(4 << width))
    const digit = (1 << width) - 1
    for (let i = 0; i < count; i++) increment(counts, (load<i32>(from + (<usize>i << 2)) >>> shift) & digit)
    const bin = findBin(counts, left)
    left -= load<i32>(counts)
    key |= bin << shift
    count = narrow(from, candidates, count, shift, digit, bin)
    from = candidates
    width = 10
  }
  store<i32>(counts, k - left)
  store<i32>(counts, count, 4)
  return key
}

/** The bin that holds the k-th smallest (k ≥ 1). The number of keys in lower bins is left at `counts`. */
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

/** Keeps those of `count` keys whose digit is `bin`, in their order; returns how many. */
function narrow(from: usize, to: usize, count: i32, shift: i32, digit: i32, bin: i32): i32 {
  let kept = 0
  for (let i = 0; i < count; i++) {
    const one = load<i32>(from + (<usize>i << 2))
    store<i32>(to + (<usize>kept << 2), one)
    kept += i32(((one >>> shift) & digit) == bin)
  }
  return kept
}

export function countNotFinite(row: usize, columns: i32): i32 {
  let largest = i32x4.splat(0)
  let c = 0
  for (; c + 4 <= columns; c += 4) largest = i32x4.max_s(largest, v128.load(row + (<usize>c << 2)))
  let count = 0
  if (v128.any_true(i32x4.ge_s(largest, i32x4.splat(notFinite)))) c = 0
  for (; c < columns; c++) count += i32(load<i32>(row + (<usize>c << 2)) >= notFinite)
  return count
}

/** Writes the patterns of a row. */
export function storePatterns(weight: usize, scale: usize, apart: usize, columns: i32, out: usize): void {
  let c = 0
  for (; c + 4 <= columns; c += 4) {
    v128.store(out, patterns(weight, scale, apart))
    weight += 16
    out += 16
    if (scale) scale += 16
  }
  for (; c < columns; c++) {
    store<i32>(out, pattern(weight, scale, apart))
    weight += 4
    out += 4
    if (scale) scale += 4
  }
}

/** Writes the second keys of those whose pattern is `limit`; returns how many. */
function storePlaces(
  weight: usize, scale: usize, apart: usize, row: usize, columns: i32, limit: i32, out: usize,
): i32 {
  let count = 0
  for (let c = 0; c < columns; c++) {
    const at = <usize>c << 2
    if (load<i32>(row + at) != limit) continue
    store<i32>(out + (<usize>count << 2), placeOf(score(weight + at, scale + at, apart), limit))
    count++
  }
  return count
}
