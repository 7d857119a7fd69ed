// Single elements of a tensor's stored bytes: is it zero, and what number is it.
import { bf16ToF32, f16ToF32 } from '../engine/dtype.ts'
import type { SafetensorsDtype } from '../shared/format/dtypes.ts'

export interface Elements {
  isZero(index: number): boolean
  value(index: number): number
}

interface Reader {
  bytes: number
  open(data: Uint8Array<ArrayBuffer>): Elements
}

/** −0 is a zero: pruning may leave either. */
const readers: Partial<Record<SafetensorsDtype, Reader>> = {
  F32: {
    bytes: 4,
    open(data) {
      const bits = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4)
      const values = new Float32Array(bits.buffer, bits.byteOffset, bits.length)
      return { isZero: (i) => (bits[i] & 0x7fffffff) === 0, value: (i) => values[i] }
    },
  },
  F64: {
    bytes: 8,
    open(data) {
      const values = new Float64Array(data.buffer, data.byteOffset, data.byteLength / 8)
      return { isZero: (i) => values[i] === 0, value: (i) => values[i] }
    },
  },
  F16: { bytes: 2, open: (data) => sixteenBits(data, f16ToF32) },
  BF16: { bytes: 2, open: (data) => sixteenBits(data, bf16ToF32) },
  I8: whole(1, (d) => new Int8Array(d.buffer, d.byteOffset, d.byteLength)),
  U8: whole(1, (d) => d),
  BOOL: whole(1, (d) => d),
  I16: whole(2, (d) => new Int16Array(d.buffer, d.byteOffset, d.byteLength / 2)),
  U16: whole(2, (d) => new Uint16Array(d.buffer, d.byteOffset, d.byteLength / 2)),
  I32: whole(4, (d) => new Int32Array(d.buffer, d.byteOffset, d.byteLength / 4)),
  U32: whole(4, (d) => new Uint32Array(d.buffer, d.byteOffset, d.byteLength / 4)),
}

/** null for types that can be listed but not read: 64-bit integers, complex and sub-byte ones. */
export function readerOf(dtype: SafetensorsDtype): Reader | null {
  return readers[dtype] ?? null
}

function sixteenBits(data: Uint8Array<ArrayBuffer>, decode: (bits: number) => number): Elements {
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
  return { isZero: (i) => (bits[i] & 0x7fff) === 0, value: (i) => decode(bits[i]) }
}

function whole(bytes: number, view: (data: Uint8Array<ArrayBuffer>) => ArrayLike<number>): Reader {
  const open = (data: Uint8Array<ArrayBuffer>): Elements => {
    const values = view(data)
    return { isZero: (i) => values[i] === 0, value: (i) => values[i] }
  }
  return { bytes, open }
}
