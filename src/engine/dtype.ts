// Element types, and 16-bit floats to and from f32 on the host (kernels do the same on devices).

/**
 * Types a tensor can have on a device. Masks are rows of u32 words, bit i of word w = column 32·w + i, 1 = kept. `packed`: a weight in
 * bf16 in the order that a device's products read fastest (`Backend.packing`).
 */
export type DType = 'f32' | 'f16' | 'bf16' | 'packed' | 'i32' | 'u32'

export const bytesPerElement: Record<DType, number> = { f32: 4, f16: 2, bf16: 2, packed: 2, i32: 4, u32: 4 }

export type HostArray = Float32Array | Uint16Array | Int32Array | Uint32Array

/** The host array that holds a tensor's elements; f16 and bf16 travel as their 16-bit patterns. */
export function hostArray(dtype: DType, length: number): HostArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(length)
    case 'f16':
    case 'bf16':
    case 'packed':
      return new Uint16Array(length)
    case 'i32':
      return new Int32Array(length)
    case 'u32':
      return new Uint32Array(length)
  }
}

const f32 = new Float32Array(1)
const u32 = new Uint32Array(f32.buffer)

export function bf16ToF32(bits: number): number {
  u32[0] = bits << 16
  return f32[0]
}

/** Round to nearest, ties to even; NaN stays NaN. */
export function f32ToBf16(value: number): number {
  f32[0] = value
  const bits = u32[0]
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

export function f16ToF32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Round to nearest, ties to even; overflow becomes infinity, NaN stays NaN. */
export function f32ToF16(value: number): number {
  f32[0] = value
  const bits = u32[0]
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal: the value in units of 2^-24, rounded to even.
    f32[0] = Math.abs(value)
    const scaled = f32[0] * 2 ** 24
    const down = Math.floor(scaled)
    const rest = scaled - down
    return sign | (down + (rest > 0.5 || (rest === 0.5 && down & 1) ? 1 : 0))
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}
