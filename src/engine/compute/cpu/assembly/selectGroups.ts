// Selection within groups of N:M: every score is ranked by comparing it with the others of its group.
import { highScores, lowScores, notFinite, patterns, rounded, score, upper } from './scores'
import { countNotFinite, storePatterns } from './selectRows'

/** Bytes of scratch that selectGroups needs: the patterns of a row, and of four groups side by side. */
export function selectGroupsScratch(width: i32, group: i32): i32 {
  return 4 * (((width + 4) & ~3) + 4 * group)
}

/** All ones where `other` comes before `own`: it is smaller, or equal and earlier (1 in `earlier`; < own + 1 is ≤ own). */
// @ts-ignore: decorator
@inline
function comesBefore(own: v128, other: v128, earlier: v128): v128 {
  return i32x4.lt_s(other, i32x4.add(own, earlier))
}

/** Groups of four are a vector each: its lanes are compared with its own rotations. Returns the largest patterns. */
function maskFours(weight: usize, columns: i32, bits: usize, zeros: i32): v128 {
  const limit = i32x4.splat(zeros)
  const by1 = i32x4(0, 0, 0, 1)
  const by2 = i32x4(0, 0, 1, 1)
  const by3 = i32x4(0, 1, 1, 1)
  let largest = i32x4.splat(0)
  for (let c = 0; c < columns; c += 32) {
    const stop = min(columns - c, 32)
    let kept = 0
    for (let i = 0; i < stop; i += 4) {
      const own = patterns(weight, 0, 0)
      largest = i32x4.max_s(largest, own)
      let rank = comesBefore(own, v128.shuffle<i32>(own, own, 1, 2, 3, 0), by1)
      rank = i32x4.add(rank, comesBefore(own, v128.shuffle<i32>(own, own, 2, 3, 0, 1), by2))
      rank = i32x4.add(rank, comesBefore(own, v128.shuffle<i32>(own, own, 3, 0, 1, 2), by3))
      kept |= i32x4.bitmask(i32x4.ge_s(i32x4.neg(rank), limit)) << i
      weight += 16
    }
    store<i32>(bits + (<usize>(c >> 5) << 2), kept)
  }
  return largest
}

/** −1 in each of the two lanes before which the other comes: the other is smaller, or equal and first. */
// @ts-ignore: decorator
@inline
function neighbourBefore(own: v128): v128 {
  const other = upper(own)
  return v128.bitselect(f64x2.le(other, own), f64x2.lt(other, own), i64x2(0, -1))
}

/** Prunes as maskFours does, with scales, in f64. Ranks count down from 0. */
function maskScaledFours(weight: usize, scale: usize, columns: i32, bits: usize, zeros: i32): v128 {
  const limit = i64x2.splat(-zeros)
  let largest = i32x4.splat(0)
  for (let c = 0; c < columns; c += 32) {
    const stop = min(columns - c, 32)
    let kept = 0
    for (let i = 0; i < stop; i += 4) {
      const w = v128.load(weight)
      const s = v128.load(scale)
      const rest = v128.load(scale + (<usize>columns << 2))
      const low = lowScores(w, s, rest)
      const high = highScores(w, s, rest)
      largest = i32x4.max_s(largest, i32x4.max_s(rounded(low), rounded(high)))
      const lowRank = i64x2.add(
        neighbourBefore(low),
        i64x2.add(f64x2.lt(high, low), f64x2.lt(upper(high), low)),
      )
      const highRank = i64x2.add(
        neighbourBefore(high),
        i64x2.add(f64x2.le(low, high), f64x2.le(upper(low), high)),
      )
      kept |= i64x2.bitmask(i64x2.le_s(lowRank, limit)) << i
      kept |= i64x2.bitmask(i64x2.le_s(highRank, limit)) << (i + 2)
      weight += 16
      scale += 16
    }
    store<i32>(bits + (<usize>(c >> 5) << 2), kept)
  }
  return largest
}

/** A row of groups of any size, with scales, in f64. Returns whether all scores are finite in f32. `scratch` holds a group's scores. */
function maskScaledGroups(
  weight: usize, scale: usize, columns: i32, bits: usize, zeros: i32, group: i32, scratch: usize,
): bool {
  let finite = true
  keepAll(bits, columns)
  for (let first = 0; first + group <= columns; first += group) {
    for (let i = 0; i < group; i++) {
      const at = <usize>(first + i) << 2
      const one = score(weight + at, scale + at, <usize>columns << 2)
      if (!isFinite<f32>(<f32>one)) finite = false
      store<f64>(scratch + (<usize>i << 3), one)
    }
    for (let i = 0; i < group; i++) {
      const own = load<f64>(scratch + (<usize>i << 3))
      let rank = 0
      for (let j = 0; j < group; j++) {
        const other = load<f64>(scratch + (<usize>j << 3))
        if (other < own || (other == own && j < i)) rank++
      }
      if (rank < zeros) drop(bits, first + i)
    }
  }
  return finite
}

/** Prunes the `zeros` smallest in each group of `group` columns, of equal ones the first. Four groups at a time, one per lane. */
export function selectGroups(
  start: i32, end: i32, weight: usize, width: i32, scale: usize, mask: usize, words: i32, zeros: i32, group: i32,
  bad: usize, scratch: usize,
): void {
  const lanes = scratch
  const row = scratch + (<usize>group << 4)
  for (let r = start; r < end; r++) {
    const bits = mask + ((<usize>r * <usize>words) << 2)
    const from = weight + ((<usize>r * <usize>width) << 2)
    if (!maskRowOfGroups(from, scale, width, bits, zeros, group, lanes, row)) {
      storePatterns(from, scale, <usize>width << 2, width, row)
      store<i32>(bad, load<i32>(bad) + countNotFinite(row, width))
    }
  }
}

/** Returns whether all scores of the row are finite. */
function maskRowOfGroups(
  from: usize, scale: usize, width: i32, bits: usize, zeros: i32, group: i32, lanes: usize, row: usize,
): bool {
  if (group == 4)
    return areFinite(scale ? maskScaledFours(from, scale, width, bits, zeros) : maskFours(from, width, bits, zeros))
  if (scale) return maskScaledGroups(from, scale, width, bits, zeros, group, lanes)
  const groups = width / group
  let finite = true
  storePatterns(from, 0, 0, width, row)
  keepAll(bits, width)
  for (let g = 0; g < groups; g += 4) {
    const count = min(4, groups - g)
    if (!areFinite(gather(row + (<usize>(g * group) << 2), group, count, lanes))) finite = false
    for (let i = 0; i < group; i++) {
      let pruned = i32x4.bitmask(i32x4.lt_s(rankOf(lanes, 4, i, group), i32x4.splat(zeros))) & ((1 << count) - 1)
      while (pruned) {
        drop(bits, (g + ctz(pruned)) * group + i)
        pruned &= pruned - 1
      }
    }
  }
  return finite
}

/** Whether the largest patterns are of finite scores. */
// @ts-ignore: decorator
@inline
function areFinite(largest: v128): bool {
  return !v128.any_true(i32x4.ge_s(largest, i32x4.splat(notFinite)))
}

/** Clears the bit of a column. */
// @ts-ignore: decorator
@inline
function drop(bits: usize, column: i32): void {
  const at = bits + (<usize>(column >> 5) << 2)
  store<i32>(at, load<i32>(at) & ~(1 << (column & 31)))
}

/** Sets the bits of all columns. */
function keepAll(bits: usize, columns: i32): void {
  let c = 0
  for (; c + 32 <= columns; c += 32) store<i32>(bits + (<usize>(c >> 5) << 2), -1)
  if (c < columns) store<i32>(bits + (<usize>(c >> 5) << 2), (1 << (columns - c)) - 1)
}

/** lanes[i][g] = pattern i of group g; returns the largest of each group. Lanes without a group are 0. */
function gather(row: usize, group: i32, count: i32, lanes: usize): v128 {
  let largest = i32x4.splat(0)
  for (let i = 0; i < group; i++) {
    let four = v128.load32_zero(row)
    if (count > 1) four = v128.load32_lane(row + (<usize>group << 2), four, 1)
    if (count > 2) four = v128.load32_lane(row + (<usize>group << 3), four, 2)
    if (count > 3) four = v128.load32_lane(row + <usize>group * 12, four, 3)
    v128.store(lanes + (<usize>i << 4), four)
    largest = i32x4.max_s(largest, four)
    row += 4
  }
  return largest
}

/** How many of the group come before entry i by (score, index), in each lane; entries are 2^shift bytes apart. */
// @ts-ignore: decorator
@inline
export function rankOf(lanes: usize, shift: usize, i: i32, group: i32): v128 {
  const own = v128.load(lanes + (<usize>i << shift))
  let rank = i32x4.splat(0)
  for (let j = 0; j < i; j++) rank = i32x4.sub(rank, i32x4.le_s(v128.load(lanes + (<usize>j << shift)), own))
  for (let j = i + 1; j < group; j++) rank = i32x4.sub(rank, i32x4.lt_s(v128.load(lanes + (<usize>j << shift)), own))
  return rank
}
