// TensorBoard's event files: records with CRC32C (tensorflow, lib/io/record_writer.h) of Event messages (event.proto) with scalars
// (summary.proto, simple_value). Only what a curve takes is written.

export interface ScalarEvent {
  readonly tag: string
  readonly step: number
  /** Seconds since 1970. */
  readonly time: number
  /** Kept as f32. */
  readonly value: number
}

/** The whole file, a record at a time: the version that readers ask for, then the scalars in their order. */
export function* tfevents(began: number, scalars: Iterable<ScalarEvent>): Generator<Uint8Array> {
  yield record(concat([double(1, began), text(3, 'brain.Event:2')]))
  for (const { tag, step, time, value } of scalars) {
    const scalar = concat([text(1, tag), float(2, value)])
    yield record(concat([double(1, time), ...whole(2, step), bytes(5, bytes(1, scalar))]))
  }
}

/** uint64 length, its masked CRC, the data, its masked CRC; all little-endian. */
function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + data.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, data.length, true)
  view.setUint32(8, masked(crc32c(out.subarray(0, 8))), true)
  out.set(data, 12)
  view.setUint32(12 + data.length, masked(crc32c(data)), true)
  return out
}

/** Rotated and shifted, so that a CRC of data that holds CRCs is no trouble. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  // The polynomial of Castagnoli, bits reversed.
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
})

/** RFC 3720, appendix B.4. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]
  return ~crc >>> 0
}

// Fields of a protocol buffer: a key of number and wire type, then the value.

function double(field: number, value: number): Uint8Array {
  const out = new Uint8Array(9)
  out[0] = (field << 3) | 1
  new DataView(out.buffer).setFloat64(1, value, true)
  return out
}

function float(field: number, value: number): Uint8Array {
  const out = new Uint8Array(5)
  out[0] = (field << 3) | 5
  new DataView(out.buffer).setFloat32(1, value, true)
  return out
}

/** Nothing for 0, as protocol buffers leave it out. */
function whole(field: number, value: number): Uint8Array[] {
  return value > 0 ? [Uint8Array.of(field << 3, ...varint(value))] : []
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value))
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((field << 3) | 2, ...varint(value.length)), value])
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const out: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128)
  return [...out, value]
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
