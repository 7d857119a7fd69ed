// One token at a time: products with a single row, bound by reading the weights once in their own type; and attention of
// one query over cached keys and values.
import { bytesOf, load1, load4 } from './convert'
import { exp4 } from './math'
import { dot } from './rows'
import { madd, sumLanes } from './simd'

/** Σ x·w of one row, in two sums; every row in the same way, whichever rows are computed beside it. */
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

/** out[r] = weight[r, i] · x[i] + bias[r]; the type is known before the loop over rows. */
// @ts-ignore: decorator
@inline
function rowProducts(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  const stride = <usize>i * bytesOf(code)
  let w = weight + <usize>start * stride
  for (let r = start; r < end; r++) {
    const at = <usize>r << 2
    const sum = rowProduct(x, w, code, i)
    store<f32>(out + at, bias ? sum + load<f32>(bias + at) : sum)
    w += stride
  }
}

export function linearRow(start: i32, end: i32, out: usize, x: usize, weight: usize, code: i32, bias: usize, i: i32): void {
  if (code == 0) rowProducts(start, end, out, x, weight, 0, bias, i)
  else if (code == 1) rowProducts(start, end, out, x, weight, 1, bias, i)
  else rowProducts(start, end, out, x, weight, 2, bias, i)
}

/** to[d] = to[d] · keep + p · v[d]. */
// @ts-ignore: decorator
@inline
function mix(to: usize, keep: f32, p: f32, v: usize, d: i32): void {
  const k = f32x4.splat(keep)
  const q = f32x4.splat(p)
  let j = 0
  for (; j + 4 <= d; j += 4) {
    const at = <usize>j << 2
    v128.store(to + at, madd(q, v128.load(v + at), f32x4.mul(k, v128.load(to + at))))
  }
  for (; j < d; j++) {
    const at = <usize>j << 2
    store<f32>(to + at, p * load<f32>(v + at) + keep * load<f32>(to + at))
  }
}

// @ts-ignore: decorator
@inline
function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}

/**
 * Heads [start, end) of one query over keys [first, length): the softmax as it goes, so that scores need no memory. out and q
 * are [H·D], keys and values [length, Hkv·D].
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
    for (let key = first; key < length; key++) {
      const offset = <usize>key * row + from
      const score = scale * dot(q + at, keys + offset, d)
      const higher = score > top
      const keep: f32 = higher ? (top == -Infinity ? 0 : exp1(top - score)) : 1
      const p: f32 = higher ? 1 : exp1(score - top)
      if (higher) top = score
      sum = sum * keep + p
      mix(to, keep, p, values + offset, d)
    }
    const inverse: f32 = sum > 0 ? 1 / sum : 0
    for (let j = 0; j < d; j++) store<f32>(to + (<usize>j << 2), inverse * load<f32>(to + (<usize>j << 2)))
  }
}
