// One token at a time: products with a single row, bound by reading the weights once in their own type; and attention of
// one query over cached keys and values.
import { BF16, bytesOf, F32, load1, load4 } from './convert'
import { exp4 } from './math'
import { dot } from './rows'
import { madd, maxLanes, sumLanes } from './simd'

/** Σ x·w of one row; every row in the same way, whichever rows are computed beside it. */
// @ts-ignore: decorator
@inline
function rowProduct(x: usize, w: usize, code: i32, i: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let j = 0
  for (; j + 16 <= i; j += 16) {
    const at = x + (<usize>j << 2)
    s0 = madd(v128.load(at), load4(w, j, code), s0)
    s1 = madd(v128.load(at, 16), load4(w, j + 4, code), s1)
    s2 = madd(v128.load(at, 32), load4(w, j + 8, code), s2)
    s3 = madd(v128.load(at, 48), load4(w, j + 12, code), s3)
  }
  for (; j + 4 <= i; j += 4) s0 = madd(v128.load(x + (<usize>j << 2)), load4(w, j, code), s0)
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)))
  for (; j < i; j++) sum += load<f32>(x + (<usize>j << 2)) * load1(w, j, code)
  return sum
}

/** out[r] = weight[r, i] · x[i] + bias[r] of rows in one type, known where this is called. */
// @ts-ignore: decorator
@inline
function rowProducts(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  const stride = <usize>i * bytesOf(code)
  let w = weight + <usize>start * stride
  for (let r = start; r < end; r++) {
    put(out, bias, r, rowProduct(x, w, code, i))
    w += stride
  }
}

// @ts-ignore: decorator
@inline
function put(out: usize, bias: usize, r: i32, sum: f32): void {
  const at = <usize>r << 2
  store<f32>(out + at, bias ? sum + load<f32>(bias + at) : sum)
}

/** In memory: a constant would be built anew wherever it is used (math.ts). */
const upperHalf = memory.data<u32>([0xffff0000])

/**
 * to = x[i] with the even ones of each eight before the odd ones, as `linearRow` reads it beside bf16; the last fewer than
 * eight stay where they are.
 */
export function pairColumns(to: usize, x: usize, i: i32): void {
  const paired = i & ~7
  for (let j = 0; j < paired; j += 8) {
    const at = <usize>j << 2
    const x0 = v128.load(x + at)
    const x1 = v128.load(x + at, 16)
    v128.store(to + at, v128.shuffle<f32>(x0, x1, 0, 2, 4, 6))
    v128.store(to + at, v128.shuffle<f32>(x0, x1, 1, 3, 5, 7), 16)
  }
  memory.copy(to + (<usize>paired << 2), x + (<usize>paired << 2), <usize>(i - paired) << 2)
}

/**
 * The same of bf16: a vector of eight is widened by a shift and a mask, into its even and its odd columns. One row at a time, so
 * that weights are read as one stream, and in eight sums, since each is a chain of its own. No weight lies at 0: what asks for it
 * holds V8 back from loading all of a turn at once, which takes more registers than there are.
 */
function bf16Products(start: i32, end: i32, out: usize, x: usize, weight: usize, bias: usize, i: i32): void {
  const upper = v128.load32_splat(upperHalf)
  let k = weight + <usize>start * (<usize>i << 1)
  const last = x + (<usize>(i & ~31) << 2)
  for (let r = start; r < end; r++) {
    let e0 = f32x4.splat(0), o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0
    for (let at = x; at < last; at += 128) {
      const w0 = v128.load(k)
      e0 = madd(v128.load(at), i32x4.shl(w0, 16), e0)
      o0 = madd(v128.load(at, 16), v128.and(w0, upper), o0)
      const w1 = v128.load(k, 16)
      e1 = madd(v128.load(at, 32), i32x4.shl(w1, 16), e1)
      o1 = madd(v128.load(at, 48), v128.and(w1, upper), o1)
      if (k == 0) break
      const w2 = v128.load(k, 32)
      e2 = madd(v128.load(at, 64), i32x4.shl(w2, 16), e2)
      o2 = madd(v128.load(at, 80), v128.and(w2, upper), o2)
      const w3 = v128.load(k, 48)
      e3 = madd(v128.load(at, 96), i32x4.shl(w3, 16), e3)
      o3 = madd(v128.load(at, 112), v128.and(w3, upper), o3)
      k += 64
    }
    let j = i & ~31
    for (; j + 8 <= i; j += 8) {
      const w = v128.load(k)
      e0 = madd(v128.load(x + (<usize>j << 2)), i32x4.shl(w, 16), e0)
      o0 = madd(v128.load(x + (<usize>j << 2), 16), v128.and(w, upper), o0)
      k += 16
    }
    const half0 = f32x4.add(f32x4.add(e0, o0), f32x4.add(e1, o1))
    const half1 = f32x4.add(f32x4.add(e2, o2), f32x4.add(e3, o3))
    let sum = sumLanes(f32x4.add(half0, half1))
    for (; j < i; j++) {
      sum += load<f32>(x + (<usize>j << 2)) * load1(k, 0, BF16)
      k += 2
    }
    put(out, bias, r, sum)
  }
}

/** Rows [start, end) of out = weight · x + bias; x is as `pairColumns` gives it where the weight is bf16. */
export function linearRow(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  if (code == F32) rowProducts(start, end, out, x, weight, F32, bias, i)
  else if (code == BF16) bf16Products(start, end, out, x, weight, bias, i)
  else rowProducts(start, end, out, x, weight, 2, bias, i)
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
