// Reads the header of a GGUF file, in the form of a safetensors header, and its quantised tensors as F32.
import { elementsOf } from '../../../catalog/formats/dtypes.ts'
import { isWidened, type WidenedType } from '../../../catalog/formats/gguf/ggmlTypes.ts'
import { type GgufTensor, readGgufHeader } from '../../../catalog/formats/gguf/ggufHeader.ts'
import type { SafetensorsHeader, UnknownTensor } from '../../../catalog/formats/safetensorsHeader.ts'
import type { PlacedTensor, QuantisedPlace, WeightFiles } from '../fileHeader.ts'
import { f16ToF32 } from '../../dtype.ts'

interface GgufFileHeader extends Omit<SafetensorsHeader, 'tensors'> {
  readonly tensors: readonly PlacedTensor[]
  readonly dataStart: number
}

/** @throws FormatError: what is wrong, and how to fix it. */
export async function readGgufFile(pool: WeightFiles, path: string, fileBytes: number): Promise<GgufFileHeader> {
  const source = { size: fileBytes, read: (start: number, target: Uint8Array) => pool.read(path, start, target) }
  const { tensors, metadata, dataStart } = await readGgufHeader(source)
  const known: PlacedTensor[] = []
  const unknown: UnknownTensor[] = []
  for (const tensor of tensors) {
    const placed = placedOf(tensor)
    if (placed) known.push(placed)
    else {
      const { name, typeName: dtype, shape, start, end } = tensor
      unknown.push({ name, dtype, shape, start, end })
    }
  }
  return { tensors: known, unknown, metadata, dataStart }
}

/** null for types whose numbers are not read here. */
function placedOf({ name, type, shape, start, end }: GgufTensor): PlacedTensor | null {
  if (type?.plain) return { name, dtype: type.plain, shape, start, end }
  if (!type || !isWidened(type.name)) return null
  const quantised = { type: type.name, block: type.block, blockBytes: type.bytes, bytes: end - start }
  return { name, dtype: 'F32', shape, start, end: start + 4 * (elementsOf(shape) ?? 0), quantised }
}

/** Elements widened at a time. */
const pieceElements = 2 ** 20

/** Fills `target` with the tensor's bytes as F32, from byte `from` on. Its blocks begin at byte `start` of the file. */
export async function readQuantised(
  pool: WeightFiles,
  path: string,
  { type, block, blockBytes }: QuantisedPlace,
  start: number,
  from: number,
  target: Uint8Array,
): Promise<void> {
  const wide = 4 * block
  const end = Math.ceil((from + target.length) / wide)
  const step = Math.floor(pieceElements / block)
  for (let first = Math.floor(from / wide); first < end; first += step) {
    const blocks = new Uint8Array(Math.min(step, end - first) * blockBytes)
    await pool.read(path, start + first * blockBytes, blocks)
    const numbers = new Uint8Array(widen(type, blocks).buffer)
    const skip = Math.max(0, from - first * wide)
    const rest = numbers.subarray(skip, skip + target.length - Math.max(0, first * wide - from))
    target.set(rest, Math.max(0, first * wide - from))
  }
}

/**
 * Converts a block of quantised weights to its numbers, with ggml's own arithmetic: single precision throughout.
 * Layouts: block_q4_0, block_q8_0, block_q4_K, block_q5_K, block_q6_K of ggml's ggml-common.h.
 */
type Widen = (view: DataView, block: number, out: Float32Array, at: number) => void

const kinds: Readonly<Record<WidenedType, { bytes: number; elements: number; widen: Widen }>> = {
  Q4_0: { bytes: 18, elements: 32, widen: q4_0 },
  Q8_0: { bytes: 34, elements: 32, widen: q8_0 },
  Q4_K: { bytes: 144, elements: 256, widen: (view, block, out, at) => q45k(view, block, out, at, false) },
  Q5_K: { bytes: 176, elements: 256, widen: (view, block, out, at) => q45k(view, block, out, at, true) },
  Q6_K: { bytes: 210, elements: 256, widen: q6k },
}

/** Converts whole blocks to their numbers. */
export function widen(type: WidenedType, blocks: Uint8Array): Float32Array<ArrayBuffer> {
  const { bytes, elements, widen: widenBlock } = kinds[type]
  const count = blocks.length / bytes
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length)
  const out = new Float32Array(count * elements)
  for (let i = 0; i < count; i++) widenBlock(view, i * bytes, out, i * elements)
  return out
}

/** w = d · (q − 8), d in f16; the low four bits of 16 bytes are elements 0 to 15, the high ones 16 to 31. */
function q4_0(view: DataView, block: number, out: Float32Array, at: number): void {
  const d = f16ToF32(view.getUint16(block, true))
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(block + 2 + i)
    out[at + i] = d * ((pair & 15) - 8)
    out[at + 16 + i] = d * ((pair >>> 4) - 8)
  }
}

/** w = d · q, d in f16, q a signed 8-bit integer. */
function q8_0(view: DataView, block: number, out: Float32Array, at: number): void {
  const d = f16ToF32(view.getUint16(block, true))
  for (let i = 0; i < 32; i++) out[at + i] = d * view.getInt8(block + 2 + i)
}

const scaleStart = 4
const scaleBytes = 12

/**
 * w = d · s · q − m₀ · m for eight groups of 32, d and m₀ in f16, s and m in six bits, packed into 12 bytes. q has four bits;
 * with `fifth` it has a fifth bit, stored in 32 bytes before the four-bit parts.
 */
function q45k(view: DataView, block: number, out: Float32Array, at: number, fifth: boolean): void {
  const d = f16ToF32(view.getUint16(block, true))
  const lowest = f16ToF32(view.getUint16(block + 2, true))
  const high = block + scaleStart + scaleBytes
  const low = high + (fifth ? 32 : 0)
  for (let group = 0; group < 8; group++) {
    const { scale, least } = sixBits(view, block + scaleStart, group)
    const factor = Math.fround(d * scale)
    const offset = Math.fround(lowest * least)
    const shift = 4 * (group & 1)
    for (let i = 0; i < 32; i++) {
      const bits = (view.getUint8(low + 32 * (group >> 1) + i) >>> shift) & 15
      const top = fifth ? ((view.getUint8(high + i) >>> group) & 1) << 4 : 0
      out[at + 32 * group + i] = Math.fround(factor * (bits + top)) - offset
    }
  }
}

/** Scale and minimum of a group. The upper two bits of the last four groups are the top bits of the bytes of the first four. */
function sixBits(view: DataView, start: number, group: number): { scale: number; least: number } {
  const byte = (i: number) => view.getUint8(start + i)
  if (group < 4) return { scale: byte(group) & 63, least: byte(group + 4) & 63 }
  return {
    scale: (byte(group + 4) & 15) | ((byte(group - 4) >>> 6) << 4),
    least: (byte(group + 4) >>> 4) | ((byte(group) >>> 6) << 4),
  }
}

/** w = d · s · (q − 32) for 16 groups of 16; q: four bits in 128 bytes, two bits in 64; s: signed 8-bit; d: f16 at the end. */
function q6k(view: DataView, block: number, out: Float32Array, at: number): void {
  const d = f16ToF32(view.getUint16(block + 208, true))
  for (let half = 0; half < 2; half++)
    for (let i = 0; i < 32; i++) {
      const high = view.getUint8(block + 128 + 32 * half + i)
      for (let quarter = 0; quarter < 4; quarter++) {
        const low = view.getUint8(block + 64 * half + 32 * (quarter & 1) + i) >>> (4 * (quarter >> 1))
        const q = (low & 15) | (((high >>> (2 * quarter)) & 3) << 4)
        const scale = view.getInt8(block + 192 + 8 * half + 2 * quarter + (i >> 4))
        out[at + 128 * half + 32 * quarter + i] = Math.fround(d * scale) * (q - 32)
      }
    }
}
