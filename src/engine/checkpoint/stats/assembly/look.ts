// The last check of 16-bit values before they are saved (../../../recover/maskCheck.ts).

/** 1 where none of the values in `bytes` from `at`, a multiple of 16, has all bits of `exponent` set. */
export function areFinite(at: usize, bytes: i32, exponent: i32): i32 {
  const all = i16x8.splat(<i16>exponent)
  const end = at + <usize>bytes
  let found = i16x8.splat(0)
  for (; at < end; at += 16) found = v128.or(found, i16x8.eq(v128.and(v128.load(at), all), all))
  return i32(!v128.any_true(found))
}

/** 1 where each value from `at` whose bit of the `words` from `kept` is 0 is a zero of either sign. */
export function areZero(at: usize, kept: usize, words: i32): i32 {
  const end = kept + ((<usize>words) << 2)
  let broken = 0
  for (; kept < end; kept += 4, at += 64) broken |= ~(load<u32>(kept) | zeros16(at) | (zeros16(at + 32) << 16))
  return i32(broken === 0)
}

/** Bits of the zeros among 16 values. */
function zeros16(at: usize): u32 {
  const magnitude = i16x8.splat(0x7fff)
  const zero = i16x8.splat(0)
  const low = i16x8.eq(v128.and(v128.load(at), magnitude), zero)
  const high = i16x8.eq(v128.and(v128.load(at, 16), magnitude), zero)
  return <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high))
}
