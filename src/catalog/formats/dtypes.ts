// Element types of safetensors files: those we compute with, and those we can only list.

/** Bits per element, by the format's own names. */
const bits = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F6_E3M2: 6,
  F6_E2M3: 6,
  F4: 4,
  C64: 64,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  BOOL: 8,
} as const

export type SafetensorsDtype = keyof typeof bits

export const safetensorsDtypes = Object.keys(bits) as SafetensorsDtype[]

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(bits, name)
}

/** Bits of an element type by any name that a file may give; 16 for an unknown one. */
export function elementBits(dtype: string): number {
  return isSafetensorsDtype(dtype) ? bits[dtype] : 16
}

/** Number of elements of a shape; null when the product is not an exact integer. The empty shape is a scalar: 1. */
export function elementsOf(shape: readonly number[]): number | null {
  let product = 1
  for (const dimension of shape) {
    // An overflow counts even if a later dimension is 0, since such a shape is useless.
    product *= dimension
    if (!Number.isSafeInteger(product)) return null
  }
  return product
}

/** Bytes of a tensor; null when they overflow or do not end on a byte. */
export function bytesOfTensor(dtype: SafetensorsDtype, shape: readonly number[]): number | null {
  const elements = elementsOf(shape)
  if (elements === null) return null
  const total = elements * bits[dtype]
  return Number.isSafeInteger(total) && total % 8 === 0 ? total / 8 : null
}

/** A dimension or an offset: a whole number that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0) && (value as number) >= 0
}
