// WGSL for 16-bit floats in u32 words. WGSL has no bf16, and f16 typed storage may change NaN patterns, so both stay
// u32 in every shader; the element type is the override constant DTYPE.
import type { DType } from '../../dtype.ts'

/** The value of DTYPE. */
export function dtypeCode(dtype: DType): number {
  if (dtype === 'bf16') return 1
  return dtype === 'f16' ? 2 : 0
}

/** The element types that a `weight` or `table` may have. */
export const floatTypes: readonly DType[] = ['f32', 'bf16', 'f16']

export const halves = /* wgsl */ `
override DTYPE: u32; // 0: f32, 1: bf16, 2: f16

fn floatOfHalf(bits: u32) -> f32 {
  if (DTYPE == 1u) { return bitcast<f32>(bits << 16u); }
  let magnitude = bits & 0x7fffu;
  if (magnitude >= 0x400u) { return unpack2x16float(bits).x; }
  // Drivers may flush subnormals; these are in units of 2^-24.
  return select(1.0, -1.0, bits >= 0x8000u) * f32(magnitude) * 5.9604644775390625e-8;
}

// Round to nearest even; NaN stays NaN, overflow becomes infinity.
fn halfOfFloat(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (DTYPE == 1u) {
    if (magnitude > 0x7f800000u) { return (bits >> 16u) | 0x40u; }
    return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
  }
  let sign = (bits >> 16u) & 0x8000u;
  if (magnitude > 0x7f800000u) { return sign | 0x7e00u; }
  if (magnitude >= 0x47800000u) { return sign | 0x7c00u; }
  if (magnitude < 0x38800000u) {
    // Subnormal: in units of 2^-24, where adding 2^23 rounds to an even integer.
    let scaled = bitcast<f32>(magnitude) * 16777216.0;
    return sign | u32(round(scaled));
  }
  return sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u) - 0x38000000u) >> 13u);
}
`
