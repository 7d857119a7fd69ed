// One token at a time: attention of one query over cached keys and values.
import { exp4, tanh4 } from './math'
import { addScaled } from './elementwise'
import { dot } from './rows'
import { madd, maxLanes, sumLanes } from './simd'
import { scaleRow } from './softmax'

/** One column of four rows, `row` bytes apart, one to a lane. */
// @ts-ignore: decorator
@inline
function column4(at: usize, row: usize): v128 {
  let column = v128.load32_zero(at)
  column = v128.load32_lane(at + row, column, 1)
  column = v128.load32_lane(at + 2 * row, column, 2)
  return v128.load32_lane(at + 3 * row, column, 3)
}

/** Σ_d q·k of four keys, `row` bytes apart, one to a lane. */
// @ts-ignore: decorator
@inline
function scores4(q: usize, k: usize, row: usize, d: i32): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  const whole = d & ~3
  for (let j = 0; j < whole; j += 4) {
    const at = <usize>j << 2
    const x = v128.load(q + at)
    const from = k + at
    s0 = madd(x, v128.load(from), s0)
    s1 = madd(x, v128.load(from + row), s1)
    s2 = madd(x, v128.load(from + 2 * row), s2)
    s3 = madd(x, v128.load(from + 3 * row), s3)
  }
  const a = f32x4.add(i32x4.shuffle(s0, s1, 0, 4, 1, 5), i32x4.shuffle(s0, s1, 2, 6, 3, 7))
  const b = f32x4.add(i32x4.shuffle(s2, s3, 0, 4, 1, 5), i32x4.shuffle(s2, s3, 2, 6, 3, 7))
  let sums = f32x4.add(i64x2.shuffle(a, b, 0, 2), i64x2.shuffle(a, b, 1, 3))
  for (let j = whole; j < d; j++) {
    const at = <usize>j << 2
    sums = madd(v128.load32_splat(q + at), column4(k + at, row), sums)
  }
  return sums
}

/** to[d] += Σ_n p[n] · v[n, d] of eight rows of v, `row` bytes apart. */
function mix8(to: usize, p0: v128, p1: v128, v: usize, row: usize, d: i32): void {
  const a0 = v128.shuffle<f32>(p0, p0, 0, 0, 0, 0), a1 = v128.shuffle<f32>(p0, p0, 1, 1, 1, 1)
  const a2 = v128.shuffle<f32>(p0, p0, 2, 2, 2, 2), a3 = v128.shuffle<f32>(p0, p0, 3, 3, 3, 3)
  const b0 = v128.shuffle<f32>(p1, p1, 0, 0, 0, 0), b1 = v128.shuffle<f32>(p1, p1, 1, 1, 1, 1)
  const b2 = v128.shuffle<f32>(p1, p1, 2, 2, 2, 2), b3 = v128.shuffle<f32>(p1, p1, 3, 3, 3, 3)
  const far = v + 4 * row
  let j = 0
  for (; j + 4 <= d; j += 4) {
    const at = <usize>j << 2
    let x = madd(a0, v128.load(v + at), v128.load(to + at))
    x = madd(a1, v128.load(v + at + row), x)
    let y = f32x4.mul(a2, v128.load(v + at + 2 * row))
    y = madd(a3, v128.load(v + at + 3 * row), y)
    // Never true; see linearRow.ts.
    if (to == 0) break
    x = madd(b0, v128.load(far + at), x)
    y = madd(b1, v128.load(far + at + row), y)
    x = madd(b2, v128.load(far + at + 2 * row), x)
    y = madd(b3, v128.load(far + at + 3 * row), y)
    v128.store(to + at, f32x4.add(x, y))
  }
  for (; j < d; j++) {
    const at = <usize>j << 2
    store<f32>(to + at, load<f32>(to + at) + sumLanes(madd(p0, column4(v + at, row), f32x4.mul(p1, column4(far + at, row)))))
  }
}

/** `mix8` for four rows. */
function mix4(to: usize, p: v128, v: usize, row: usize, d: i32): void {
  addScaled(0, d, to, v, f32x4.extract_lane(p, 0))
  addScaled(0, d, to, v + row, f32x4.extract_lane(p, 1))
  addScaled(0, d, to, v + 2 * row, f32x4.extract_lane(p, 2))
  addScaled(0, d, to, v + 3 * row, f32x4.extract_lane(p, 3))
}

// @ts-ignore: decorator
@inline
function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}

// @ts-ignore: decorator
@inline
function capped(score: v128, cap: f32): v128 {
  return cap > 0 ? f32x4.mul(f32x4.splat(cap), tanh4(f32x4.div(score, f32x4.splat(cap)))) : score
}

/** Flags of a part of a head's keys: there are none before it; there are none after it. */
const opens = 1
const ends = 2

/**
 * Heads [start, end) of one query over `length` keys: an online softmax, eight keys at a time, so that scores need no
 * memory. out and q are [H·D], keys and values [length, Hkv·D]. The keys may be given in several parts: if parts end at
 * multiples of eight keys, the result has the same bits. `state` [H, 2] keeps the highest score and the sum between parts.
 */
export function attentionStep(
  start: i32, end: i32, out: usize, q: usize, state: usize, keys: usize, values: usize, length: i32, group: i32,
  kvWidth: i32, d: i32, scale: f32, cap: f32, part: i32,
): void {
  const row = <usize>kvWidth << 2
  for (let head = start; head < end; head++) {
    const x = q + (<usize>(head * d) << 2)
    const to = out + (<usize>(head * d) << 2)
    const kept = state + (<usize>head << 3)
    let top: f32 = -Infinity
    let sum: f32 = 0
    if (part & opens) memory.fill(to, 0, <usize>d << 2)
    else {
      top = load<f32>(kept)
      sum = load<f32>(kept, 4)
    }
    let key = 0
    let offset = <usize>((head / group) * d) << 2
    for (; key + 8 <= length; key += 8) {
      const s0 = capped(f32x4.mul(f32x4.splat(scale), scores4(x, keys + offset, row, d)), cap)
      const s1 = capped(f32x4.mul(f32x4.splat(scale), scores4(x, keys + offset + 4 * row, row, d)), cap)
      const highest = max(top, maxLanes(f32x4.max(s0, s1)))
      // Rare, except for the first keys.
      if (highest != top) {
        sum *= lower(to, top, highest, d)
        top = highest
      }
      const p0 = exp4(f32x4.sub(s0, f32x4.splat(top)))
      const p1 = exp4(f32x4.sub(s1, f32x4.splat(top)))
      sum += sumLanes(f32x4.add(p0, p1))
      mix8(to, p0, p1, values + offset, row, d)
      offset += 8 * row
    }
    if (key + 4 <= length) {
      const s = capped(f32x4.mul(f32x4.splat(scale), scores4(x, keys + offset, row, d)), cap)
      const highest = max(top, maxLanes(s))
      if (highest != top) {
        sum *= lower(to, top, highest, d)
        top = highest
      }
      const p = exp4(f32x4.sub(s, f32x4.splat(top)))
      sum += sumLanes(p)
      mix4(to, p, values + offset, row, d)
      offset += 4 * row
      key += 4
    }
    for (; key < length; key++) {
      const score = f32x4.extract_lane(capped(f32x4.splat(scale * dot(x, keys + offset, d)), cap), 0)
      const highest = max(top, score)
      if (highest != top) {
        sum *= lower(to, top, highest, d)
        top = highest
      }
      const p = exp1(score - top)
      sum += p
      addScaled(0, d, to, values + offset, p)
      offset += row
    }
    if (part & ends) scaleRow(to, d, sum > 0 ? 1 / sum : 0)
    else {
      store<f32>(kept, top)
      store<f32>(kept, sum, 4)
    }
  }
}

/** Rescales the output so far to a new highest score of the head. Returns the factor for the softmax's sum. */
function lower(to: usize, top: f32, highest: f32, d: i32): f32 {
  const keep: f32 = top == -Infinity ? 0 : exp1(top - highest)
  scaleRow(to, d, keep)
  return keep
}
