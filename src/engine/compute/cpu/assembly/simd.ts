// Vectors of four f32: fused multiply-add where the runtime has it, sums across lanes, ends of rows.

/** a·b + c. One rounding with relaxed SIMD, two without: the same machine always does the same. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  )
}

// @ts-ignore: decorator
@inline
export function maxLanes(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  )
}

/** The first `count` (1 to 3) elements at `at`, zeros behind them; reads nothing beyond. */
// @ts-ignore: decorator
@inline
export function loadEnd(at: usize, count: i32): v128 {
  let x = v128.load32_zero(at)
  if (count > 1) x = v128.load32_lane(at, x, 1, 4)
  if (count > 2) x = v128.load32_lane(at, x, 2, 8)
  return x
}

/** Stores the first `count` (1 to 3) elements. */
// @ts-ignore: decorator
@inline
export function storeEnd(at: usize, x: v128, count: i32): void {
  v128.store32_lane(at, x, 0)
  if (count > 1) v128.store32_lane(at, x, 1, 4)
  if (count > 2) v128.store32_lane(at, x, 2, 8)
}

/** Like loadEnd, but loads four elements if `count` is 4 or more. */
// @ts-ignore: decorator
@inline
export function loadSome(at: usize, count: i32): v128 {
  return count >= 4 ? v128.load(at) : loadEnd(at, count)
}

/** Like storeEnd, but stores four elements if `count` is 4 or more. */
// @ts-ignore: decorator
@inline
export function storeSome(at: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(at, x)
  else storeEnd(at, x, count)
}

/** All ones in the first `count` lanes. */
// @ts-ignore: decorator
@inline
export function lanesBelow(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count))
}

/** The two high lanes of f32 as f64. */
// @ts-ignore: decorator
@inline
export function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0))
}

/** a·b + c of two f64, as madd. */
// @ts-ignore: decorator
@inline
export function madd64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c)
  return f64x2.add(f64x2.mul(a, b), c)
}
