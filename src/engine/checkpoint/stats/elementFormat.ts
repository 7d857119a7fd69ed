// Formats of elements in a tensor's bytes: which patterns are zero, and which number a pattern is.
import { elementBits, isSafetensorsDtype, type SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'
import { isUnreadBlock, widenedTypes } from '../../../catalog/formats/gguf/ggmlTypes.ts'
import { quoted } from '../../../errors.ts'
import { bf16ToF32, f16ToF32 } from '../../dtype.ts'

/** Elements of up to 16 bits, where a table that counts all bit patterns determines every statistic of a tensor. */
interface NarrowFormat {
  readonly kind: 'narrow'
  readonly bytes: 1 | 2
  /** Bits that are clear in a zero, without the sign bit of floats. 0: no pattern is zero. */
  readonly zeroMask: number
  readonly decode: (pattern: number) => number
}

interface WideFormat {
  readonly kind: 'wide'
  readonly bytes: 4 | 8
  /** Bits of the last (highest) 32-bit word that are clear in a zero. All bits of a lower word are clear in it. */
  readonly zeroMask: number
  readonly values: (data: ArrayBuffer, count: number) => Float32Array | Float64Array | Int32Array | Uint32Array
}

export type ElementFormat = NarrowFormat | WideFormat

const all32 = 0xffffffff
const unsigned32 = 0x7fffffff

const formats: Partial<Record<SafetensorsDtype, ElementFormat>> = {
  F32: { kind: 'wide', bytes: 4, zeroMask: unsigned32, values: (data, n) => new Float32Array(data, 0, n) },
  F64: { kind: 'wide', bytes: 8, zeroMask: unsigned32, values: (data, n) => new Float64Array(data, 0, n) },
  I32: { kind: 'wide', bytes: 4, zeroMask: all32, values: (data, n) => new Int32Array(data, 0, n) },
  U32: { kind: 'wide', bytes: 4, zeroMask: all32, values: (data, n) => new Uint32Array(data, 0, n) },
  I64: { kind: 'wide', bytes: 8, zeroMask: all32, values: (data, n) => join64(new Int32Array(data, 0, 2 * n), data) },
  U64: { kind: 'wide', bytes: 8, zeroMask: all32, values: (data, n) => join64(new Uint32Array(data, 0, 2 * n), data) },
  F16: { kind: 'narrow', bytes: 2, zeroMask: 0x7fff, decode: f16ToF32 },
  BF16: { kind: 'narrow', bytes: 2, zeroMask: 0x7fff, decode: bf16ToF32 },
  I16: { kind: 'narrow', bytes: 2, zeroMask: 0xffff, decode: (p) => (p << 16) >> 16 },
  U16: { kind: 'narrow', bytes: 2, zeroMask: 0xffff, decode: (p) => p },
  F8_E4M3: { kind: 'narrow', bytes: 1, zeroMask: 0x7f, decode: e4m3 },
  // The upper half of an f16.
  F8_E5M2: { kind: 'narrow', bytes: 1, zeroMask: 0x7f, decode: (p) => f16ToF32(p << 8) },
  // E8M0 is the format of scales: powers of two only.
  F8_E8M0: { kind: 'narrow', bytes: 1, zeroMask: 0, decode: (p) => (p === 255 ? NaN : 2 ** (p - 127)) },
  I8: { kind: 'narrow', bytes: 1, zeroMask: 0xff, decode: (p) => (p << 24) >> 24 },
  U8: { kind: 'narrow', bytes: 1, zeroMask: 0xff, decode: (p) => p },
  BOOL: { kind: 'narrow', bytes: 1, zeroMask: 0xff, decode: (p) => (p ? 1 : 0) },
}

/** null for types that can be listed but not read: complex numbers and elements smaller than a byte. */
export function elementFormat(dtype: SafetensorsDtype): ElementFormat | null {
  return formats[dtype] ?? null
}

/** Why a tensor of this type, named as its file names it, has no statistics; null if it has statistics. */
export function whyUnread(dtype: string): string | null {
  if (isUnreadBlock(dtype)) return `the quantised type ${dtype} is not supported; ${widenedTypes.join(', ')} are`
  if (!isSafetensorsDtype(dtype)) return `the type ${shownDtype(dtype)} is unknown`
  if (elementFormat(dtype)) return null
  return elementBits(dtype) < 8 ? `numbers of ${dtype} are smaller than a byte` : `${dtype} holds complex numbers`
}

/** A word from an untrusted file: short, without line breaks. */
export function shownDtype(dtype: string): string {
  return /^\w{1,20}$/.test(dtype) ? dtype : quoted(dtype.slice(0, 20))
}

/** The "fn" variant of OCP's 8-bit floats: no infinities, one NaN. */
function e4m3(pattern: number): number {
  const sign = pattern & 0x80 ? -1 : 1
  const exponent = (pattern >>> 3) & 15
  const fraction = pattern & 7
  if (exponent === 15 && fraction === 7) return NaN
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * 2 ** (exponent - 7)
}

/** 64-bit integers as the nearest doubles: `words` decides whether the high word has a sign. */
function join64(words: Int32Array | Uint32Array, data: ArrayBuffer): Float64Array {
  const low = new Uint32Array(data, 0, words.length)
  return Float64Array.from({ length: words.length / 2 }, (_, i) => words[2 * i + 1] * 2 ** 32 + low[2 * i])
}
