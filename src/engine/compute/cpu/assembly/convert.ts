// f32, bf16 and f16 into each other; 16-bit weights unpacked to f32.

/** Element types, as in ../kernels/productTasks.ts. */
export const F32 = 0
export const BF16 = 1

// @ts-ignore: decorator
@inline
function bytesOf(code: i32): usize {
  return code == F32 ? 4 : 2
}

/** f16 bits (in the low half of each lane) as f32: the exponent is rebiased by a product, which also takes subnormals. */
// @ts-ignore: decorator
@inline
function halfToFloat(bits: v128): v128 {
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16)
  const magnitude = v128.and(bits, i32x4.splat(0x7fff))
  const shifted = i32x4.shl(magnitude, 13)
  const value = f32x4.mul(shifted, f32x4.splat(reinterpret<f32>(0x77800000)))
  // Infinity and NaN keep their payload under an exponent of ones.
  const special = v128.or(shifted, i32x4.splat(0x7f800000))
  return v128.or(sign, v128.bitselect(special, value, i32x4.gt_s(magnitude, i32x4.splat(0x7bff))))
}

/** Four elements of type `code` from index `i` as f32. */
// @ts-ignore: decorator
@inline
export function load4(at: usize, i: i32, code: i32): v128 {
  if (code == F32) return v128.load(at + (<usize>i << 2))
  const bits = v128.load16x4_u(at + (<usize>i << 1))
  return code == BF16 ? i32x4.shl(bits, 16) : halfToFloat(bits)
}

// @ts-ignore: decorator
@inline
export function load1(at: usize, i: i32, code: i32): f32 {
  if (code == F32) return load<f32>(at + (<usize>i << 2))
  const bits = i32x4.splat(<i32>load<u16>(at + (<usize>i << 1)))
  return f32x4.extract_lane(code == BF16 ? i32x4.shl(bits, 16) : halfToFloat(bits), 0)
}

/** bf16 bits, rounded to nearest even, each in the low half of its lane; NaN stays NaN. */
// @ts-ignore: decorator
@inline
function roundToBf16(x: v128): v128 {
  const upper = i32x4.shr_u(x, 16)
  const even = i32x4.add(i32x4.splat(0x7fff), v128.and(upper, i32x4.splat(1)))
  const rounded = i32x4.shr_u(i32x4.add(x, even), 16)
  return v128.bitselect(v128.or(upper, i32x4.splat(0x40)), rounded, f32x4.ne(x, x))
}

/** In memory for the same reason as the constants of math.ts. */
const roundTable = memory.data<i32>([0x7fff, 1])

/** Stores eight elements as bf16, rounded to nearest even. A NaN that arithmetic produces stays NaN. */
// @ts-ignore: decorator
@inline
export function storeBf16(at: usize, low: v128, high: v128): void {
  v128.store(at, i16x8.narrow_i32x4_u(upperHalf(low), upperHalf(high)))
}

/** `storeBf16` for the first `count` of four elements, or for all of them. */
// @ts-ignore: decorator
@inline
export function storeBf16End(at: usize, x: v128, count: i32): void {
  const bits = upperHalf(x)
  const packed = i16x8.narrow_i32x4_u(bits, bits)
  if (count >= 4) {
    v128.store64_lane(at, packed, 0)
    return
  }
  v128.store16_lane(at, packed, 0)
  if (count > 1) v128.store16_lane(at, packed, 1, 2)
  if (count > 2) v128.store16_lane(at, packed, 2, 4)
}

// @ts-ignore: decorator
@inline
function upperHalf(x: v128): v128 {
  const one = v128.load32_splat(roundTable, 4)
  const even = i32x4.add(v128.load32_splat(roundTable), v128.and(i32x4.shr_u(x, 16), one))
  return i32x4.shr_u(i32x4.add(x, even), 16)
}

// @ts-ignore: decorator
@inline
function toF16(x: f32): u16 {
  const bits = reinterpret<u32>(x)
  const sign = (bits >> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return <u16>(sign | 0x7e00)
  if (magnitude >= 0x47800000) return <u16>(sign | 0x7c00)
  // Below 2^-14: adding 0.5 leaves the value in units of 2^-24, rounded to even by the sum itself.
  if (magnitude < 0x38800000) return <u16>(sign | (reinterpret<u32>(reinterpret<f32>(magnitude) + 0.5) - 0x3f000000))
  return <u16>(sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13))
}

/** out[i] = x[i] in out's type. */
export function convert(start: i32, end: i32, out: usize, outCode: i32, x: usize, code: i32): void {
  let i = start
  if (outCode == F32) {
    for (; i + 4 <= end; i += 4) v128.store(out + (<usize>i << 2), load4(x, i, code))
    for (; i < end; i++) store<f32>(out + (<usize>i << 2), load1(x, i, code))
  } else if (outCode == code) memory.copy(out + (<usize>i << 1), x + (<usize>i << 1), <usize>(end - i) << 1)
  else if (outCode == BF16) {
    for (; i + 8 <= end; i += 8) {
      const low = roundToBf16(load4(x, i, code))
      v128.store(out + (<usize>i << 1), i16x8.narrow_i32x4_u(low, roundToBf16(load4(x, i + 4, code))))
    }
    for (; i < end; i++) v128.store16_lane(out + (<usize>i << 1), roundToBf16(f32x4.splat(load1(x, i, code))), 0)
  } else for (; i < end; i++) store<u16>(out + (<usize>i << 1), toF16(load1(x, i, code)))
}

/** to[rows, columns] (f32) = from[rows, columns] of a 16-bit type; leading dimensions in elements. */
export function unpack(rows: i32, columns: i32, from: usize, ldFrom: i32, code: i32, to: usize, ldTo: i32): void {
  for (let r = 0; r < rows; r++) {
    convert(0, columns, to, F32, from, code)
    from += <usize>ldFrom * bytesOf(code)
    to += <usize>ldTo << 2
  }
}
