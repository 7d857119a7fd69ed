// exp, tanh, sigmoid and the normal distribution on vectors of four f32.
import { madd } from './simd'

// @ts-ignore: decorator
@inline
const log2e: f32 = 1.44269504088896341
// ln 2 in two parts: the first has few bits, so n·ln2High is exact.
// @ts-ignore: decorator
@inline
const ln2High: f32 = 0.693359375
// @ts-ignore: decorator
@inline
const ln2Low: f32 = -2.12194440e-4

/** 2^n for integers n in [−126, 127], as a float. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23)
}

/**
 * e^x. Relative error about 1e-7; below −87.3 it is 0 and above 88.7 infinite, as in f32 without subnormals.
 * x = n·ln2 + r with |r| ≤ ln2/2; e^r by its Taylor polynomial of degree 7.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const low = f32x4.lt(x, f32x4.splat(-87.33))
  const high = f32x4.gt(x, f32x4.splat(88.72))
  const clipped = f32x4.min(f32x4.max(x, f32x4.splat(-87.33)), f32x4.splat(88.72))
  const n = f32x4.nearest(f32x4.mul(clipped, f32x4.splat(log2e)))
  const rough = f32x4.sub(clipped, f32x4.mul(n, f32x4.splat(ln2High)))
  const r = f32x4.sub(rough, f32x4.mul(n, f32x4.splat(ln2Low)))
  let p = f32x4.splat(1.0 / 5040.0)
  p = madd(p, r, f32x4.splat(1.0 / 720.0))
  p = madd(p, r, f32x4.splat(1.0 / 120.0))
  p = madd(p, r, f32x4.splat(1.0 / 24.0))
  p = madd(p, r, f32x4.splat(1.0 / 6.0))
  p = madd(p, r, f32x4.splat(0.5))
  p = madd(p, r, f32x4.splat(1))
  p = madd(p, r, f32x4.splat(1))
  // n reaches 128: two factors keep each exponent in range.
  const whole = i32x4.trunc_sat_f32x4_s(n)
  const half = i32x4.shr_s(whole, 1)
  const y = f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)))
  const kept = v128.andnot(y, low)
  return v128.bitselect(f32x4.splat(<f32>Infinity), kept, high)
}

// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))))
}

/** tanh: near 0 by its Taylor polynomial of degree 11 (relative accuracy), elsewhere 1 − 2/(e^{2|x|} + 1). */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x)
  const e = exp4(f32x4.add(a, a))
  const one = f32x4.splat(1)
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)))
  const s = f32x4.mul(a, a)
  let p = f32x4.splat(-1382.0 / 155925.0)
  p = madd(p, s, f32x4.splat(62.0 / 2835.0))
  p = madd(p, s, f32x4.splat(-17.0 / 315.0))
  p = madd(p, s, f32x4.splat(2.0 / 15.0))
  p = madd(p, s, f32x4.splat(-1.0 / 3.0))
  const near = madd(f32x4.mul(p, s), a, a)
  const size = v128.bitselect(near, far, f32x4.lt(a, f32x4.splat(0.4)))
  return v128.bitselect(x, size, i32x4.splat(0x80000000))
}

/**
 * ½·erfc(a/√2)·e^{a²/2} for a ≥ 0: a polynomial of degree 8 in t = 1/(1 + a/2.5), fitted on [0, 14] to a relative
 * error of 8e-8 (3e-7 with f32 rounding).
 */
// @ts-ignore: decorator
@inline
function tailRatio(a: v128): v128 {
  const t = f32x4.div(f32x4.splat(2.5), f32x4.add(f32x4.splat(2.5), a))
  let p = f32x4.splat(-0.0396011)
  p = madd(p, t, f32x4.splat(0.20060174))
  p = madd(p, t, f32x4.splat(-0.37368426))
  p = madd(p, t, f32x4.splat(0.25097436))
  p = madd(p, t, f32x4.splat(-0.012386253))
  p = madd(p, t, f32x4.splat(0.15841670))
  p = madd(p, t, f32x4.splat(0.15578659))
  p = madd(p, t, f32x4.splat(0.15990418))
  return madd(p, t, f32x4.splat(-1.1987609e-5))
}

/** Φ(x), the normal distribution function, given e = e^{−x²/2}. */
// @ts-ignore: decorator
@inline
export function normalCdf4(x: v128, e: v128): v128 {
  const tail = f32x4.mul(tailRatio(f32x4.abs(x)), e)
  return v128.bitselect(f32x4.sub(f32x4.splat(1), tail), tail, f32x4.ge(x, f32x4.splat(0)))
}

/** e^{−x²/2}. */
// @ts-ignore: decorator
@inline
export function normalExp4(x: v128): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)))
}
