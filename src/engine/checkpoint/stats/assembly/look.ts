// The last check of 16-bit values before they are saved (../../../recover/maskCheck.ts).

/** 1 if no value in the `bytes` bytes from `at` has all bits of `exponent` set. `bytes` is a multiple of 16. */
export function areFinite(at: usize, bytes: i32, exponent: i32): i32 {
  const all = i16x8.splat(<i16>exponent)
  const end = at + <usize>bytes
  let found = i16x8.splat(0)
  for (; at < end; at += 16) found = v128.or(found, i16x8.eq(v128.and(v128.load(at), all), all))
  return i32(!v128.any_true(found))
}

/** 1 if every pruned value from `at` is a zero of either sign. Pruned values have bit 0 in the `words` mask words from `kept`. */
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
