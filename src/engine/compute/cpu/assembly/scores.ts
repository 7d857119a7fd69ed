// The score of a weight is |w|·scale in f64, never stored; a scale is the sum of two f32 `apart` bytes from each other,
// and a null one is 1. Scores sort by two keys of 31 bits: the pattern of the f32 that the score rounds to (NaN and infinity
// from 0x7f800000 on), and the score's place among the scores that round to this f32.

const signless: i32 = 0x7fffffff
export const notFinite: i32 = 0x7f800000
/** Second key of a score that is an f32 itself. */
export const exactPlace: i32 = 1 << 29

/** Swaps the halves of x, so that its two high f32 lanes, or its high f64 lane, become the low ones. */
// @ts-ignore: decorator
@inline
export function upper(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 0)
}

/** Scores of the two weights in the low lanes. */
// @ts-ignore: decorator
@inline
export function lowScores(x: v128, scale: v128, rest: v128): v128 {
  const factor = f64x2.add(f64x2.promote_low_f32x4(scale), f64x2.promote_low_f32x4(rest))
  return f64x2.abs(f64x2.mul(f64x2.promote_low_f32x4(x), factor))
}

/** Scores of the two weights in the high lanes. */
// @ts-ignore: decorator
@inline
export function highScores(x: v128, scale: v128, rest: v128): v128 {
  return lowScores(upper(x), upper(scale), upper(rest))
}

/** First keys of four scores. */
// @ts-ignore: decorator
@inline
export function patterns(weight: usize, scale: usize, apart: usize): v128 {
  const x = v128.load(weight)
  if (!scale) return v128.and(x, i32x4.splat(signless))
  const s = v128.load(scale)
  const rest = v128.load(scale + apart)
  return v128.shuffle<i64>(rounded(lowScores(x, s, rest)), rounded(highScores(x, s, rest)), 0, 2)
}

/** First keys of two scores, in the low lanes. */
// @ts-ignore: decorator
@inline
export function rounded(scores: v128): v128 {
  return v128.and(f32x4.demote_f64x2_zero(scores), i32x4.splat(signless))
}

// @ts-ignore: decorator
@inline
export function score(weight: usize, scale: usize, apart: usize): f64 {
  const w = <f64>load<f32>(weight)
  return abs(scale ? w * (<f64>load<f32>(scale) + <f64>load<f32>(scale + apart)) : w)
}

// @ts-ignore: decorator
@inline
export function pattern(weight: usize, scale: usize, apart: usize): i32 {
  return reinterpret<i32>(<f32>score(weight, scale, apart)) & signless
}

/** Second key of a score that rounds to the f32 of `pattern`; see Digit in pruneKernels.ts. */
// @ts-ignore: decorator
@inline
export function placeOf(score: f64, pattern: i32): i32 {
  const exponent = max(pattern >>> 23, 1)
  // 2^30 over the unit in the last place, 2^(exponent − 150).
  const scale = reinterpret<f64>(<i64>(1023 + 180 - exponent) << 52)
  return <i32>((score - <f64>reinterpret<f32>(pattern)) * scale) + exactPlace
}
