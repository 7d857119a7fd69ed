// One token at a time: attention of one query over cached keys and values.
import { exp4 } from './math'
import { dot } from './rows'
import { madd, maxLanes, sumLanes } from './simd'

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
    let column = v128.load32_zero(k + at)
    column = v128.load32_lane(k + at + row, column, 1)
    column = v128.load32_lane(k + at + 2 * row, column, 2)
    column = v128.load32_lane(k + at + 3 * row, column, 3)
    sums = madd(v128.load32_splat(q + at), column, sums)
  }
  return sums
}

/** to[d] = to[d] · keep + Σ_n p[n] · v[n, d] of the first `count` (1 to 4) rows of v. */
function mix4(to: usize, keep: f32, p: v128, v: usize, row: usize, count: i32, d: i32): void {
  const p0 = f32x4.extract_lane(p, 0)
  const p1 = f32x4.extract_lane(p, 1)
  const p2 = f32x4.extract_lane(p, 2)
  const p3 = f32x4.extract_lane(p, 3)
  const last = row * <usize>(count - 1)
  // Rows that are none have a weight of 0; the last row stands in for them.
  const v1 = v + min(row, last)
  const v2 = v + min(2 * row, last)
  const v3 = v + min(3 * row, last)
  let j = 0
  for (; j + 4 <= d; j += 4) {
    const at = <usize>j << 2
    let x = f32x4.mul(f32x4.splat(keep), v128.load(to + at))
    x = madd(f32x4.splat(p0), v128.load(v + at), x)
    x = madd(f32x4.splat(p1), v128.load(v1 + at), x)
    x = madd(f32x4.splat(p2), v128.load(v2 + at), x)
    v128.store(to + at, madd(f32x4.splat(p3), v128.load(v3 + at), x))
  }
  for (; j < d; j++) {
    const at = <usize>j << 2
    const sum = p0 * load<f32>(v + at) + p1 * load<f32>(v1 + at) + p2 * load<f32>(v2 + at) + p3 * load<f32>(v3 + at)
    store<f32>(to + at, keep * load<f32>(to + at) + sum)
  }
}

// @ts-ignore: decorator
@inline
function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}

/** Scores of the last 1 to 3 keys; lanes that are none have −∞. */
function scoresEnd(q: usize, k: usize, row: usize, count: i32, d: i32): v128 {
  let scores = f32x4.splat(-Infinity)
  scores = f32x4.replace_lane(scores, 0, dot(q, k, d))
  if (count > 1) scores = f32x4.replace_lane(scores, 1, dot(q, k + row, d))
  if (count > 2) scores = f32x4.replace_lane(scores, 2, dot(q, k + 2 * row, d))
  return scores
}

/**
 * Heads [start, end) of one query over keys [first, length): the softmax as it goes, four keys at a time, so that scores need
 * no memory. out and q are [H·D], keys and values [length, Hkv·D].
 */
export function attentionStep(
  start: i32, end: i32, out: usize, q: usize, keys: usize, values: usize, first: i32, length: i32, group: i32,
  kvWidth: i32, d: i32, scale: f32,
): void {
  const row = <usize>kvWidth << 2
  for (let head = start; head < end; head++) {
    const at = <usize>(head * d) << 2
    const from = <usize>((head / group) * d) << 2
    const to = out + at
    memory.fill(to, 0, <usize>d << 2)
    let top: f32 = -Infinity
    let sum: f32 = 0
    for (let key = first; key < length; key += 4) {
      const offset = <usize>key * row + from
      const count = min(4, length - key)
      const raw = count == 4 ? scores4(q + at, keys + offset, row, d) : scoresEnd(q + at, keys + offset, row, count, d)
      const scores = f32x4.mul(f32x4.splat(scale), raw)
      const highest = max(top, maxLanes(scores))
      const keep: f32 = top == -Infinity ? 0 : exp1(top - highest)
      top = highest
      const p = exp4(f32x4.sub(scores, f32x4.splat(highest)))
      sum = sum * keep + sumLanes(p)
      mix4(to, keep, p, values + offset, row, count, d)
    }
    const inverse: f32 = sum > 0 ? 1 / sum : 0
    for (let j = 0; j < d; j++) store<f32>(to + (<usize>j << 2), inverse * load<f32>(to + (<usize>j << 2)))
  }
}
