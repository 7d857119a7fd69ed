// exp, tanh, sigmoid and the normal distribution on vectors of four f32.
//
// Constants are read from memory: V8 builds a vector constant in three instructions wherever it is used, a load that
// fills all lanes is one.
import { madd } from './simd'

/** −ln 2 is in two parts: the first has few bits, so its product with a whole number is exact. */
const expTable = memory.data<f32>([
  88, -86.9, 1.44269504088896341, 12582912, -0.693359375, 2.12194440e-4, 0.0013814541, 0.0083687454, 0.041668389,
  0.16666521, 0.49999994, 1,
])
const tailTable = memory.data<f32>([
  2.5, -0.0396011, 0.20060174, -0.37368426, 0.25097436, -0.012386253, 0.15841670, 0.15578659, 0.15990418,
  -1.1987609e-5,
])

// @ts-ignore: decorator
@inline
function constant(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2))
}

/**
 * e^x, relative error about 1e-7. Below −86.9 it is 0, above 88 it stays e^88: nothing here needs more.
 * x = n·ln2 + r, |r| ≤ ln2/2; e^r by a polynomial of degree 6 (fitted, 3e-9). Adding 1.5·2^23 rounds x/ln2 to the
 * whole number n and leaves it in the low bits, from where it is added to the exponent of e^r.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  return expBelow88(f32x4.pmin(x, constant(expTable, 0)))
}

/** `exp4` for x ≤ 88, such as a difference from a row's maximum. */
// @ts-ignore: decorator
@inline
export function expBelow88(x: v128): v128 {
  const low = constant(expTable, 1)
  const clipped = f32x4.pmax(x, low)
  const rounder = constant(expTable, 3)
  const rounded = madd(clipped, constant(expTable, 2), rounder)
  const n = f32x4.sub(rounded, rounder)
  const r = madd(n, constant(expTable, 5), madd(n, constant(expTable, 4), clipped))
  let p = constant(expTable, 6)
  p = madd(p, r, constant(expTable, 7))
  p = madd(p, r, constant(expTable, 8))
  p = madd(p, r, constant(expTable, 9))
  p = madd(p, r, constant(expTable, 10))
  p = madd(p, r, constant(expTable, 11))
  p = madd(p, r, constant(expTable, 11))
  return v128.andnot(i32x4.add(p, i32x4.shl(rounded, 23)), f32x4.lt(x, low))
}

/** 1/(1 + e^−x). */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = constant(expTable, 11)
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))))
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
  const width = constant(tailTable, 0)
  const t = f32x4.div(width, f32x4.add(width, a))
  let p = constant(tailTable, 1)
  p = madd(p, t, constant(tailTable, 2))
  p = madd(p, t, constant(tailTable, 3))
  p = madd(p, t, constant(tailTable, 4))
  p = madd(p, t, constant(tailTable, 5))
  p = madd(p, t, constant(tailTable, 6))
  p = madd(p, t, constant(tailTable, 7))
  p = madd(p, t, constant(tailTable, 8))
  return madd(p, t, constant(tailTable, 9))
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
