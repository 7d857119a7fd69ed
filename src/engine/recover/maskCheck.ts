// The last checks before weights are saved: every pruned entry is exactly 0 in the bytes that go into the file, and every 16-bit value
// is finite.
import { EngineError } from '../errors.ts'
import type { Mask } from '../prune/mask.ts'
import { instantiate, readWasm, type Wasm } from '../readWasm.ts'

/** A weight as the bytes that go into the file. */
export interface StoredWeight {
  readonly name: string
  readonly bytes: Uint8Array
  /** 2 for F16 and BF16, 4 for F32, 8 for F64. Little-endian. */
  readonly bytesPerWeight: 2 | 4 | 8
  /** The file holds [I, O] (GPT-2's Conv1D); masks are [O, I]. */
  readonly transposed: boolean
}

/** Pruned entries whose stored bits are not a zero. −0 is a zero: it equals 0 everywhere. */
export function brokenEntries(mask: Mask, stored: StoredWeight): number {
  const { rows, columns, words } = mask
  const wordsPerRow = words.length / Math.max(1, rows)
  if (columns % 32 === 0 && stored.bytesPerWeight === 2 && !stored.transposed && halvesAreZero(stored.bytes, words))
    return 0
  const { bits, magnitude } = bitsOf(stored)
  const [rowStep, columnStep] = stored.transposed ? [1, rows] : [columns, 1]
  let broken = 0
  for (let row = 0; row < rows; row++)
    for (let word = 0; word < wordsPerRow; word++) {
      const pruned = ~words[row * wordsPerRow + word]
      if (pruned === 0) continue
      const end = Math.min(32, columns - 32 * word)
      const start = row * rowStep + 32 * word * columnStep
      // Half of the bits are set, in no order, so a branch on them would be mispredicted every other time.
      for (let bit = 0; bit < end; bit++)
        broken += (pruned >>> bit) & Number((bits[start + bit * columnStep] & magnitude) !== 0)
    }
  return broken
}

/** Throws `mask-broken` when pruned weights are not 0. A kept weight may have become 0. */
export function checkMask(mask: Mask, stored: StoredWeight): void {
  const expected = mask.rows * mask.columns * stored.bytesPerWeight
  if (stored.bytes.byteLength !== expected)
    throw new EngineError('internal', `${stored.name}: ${stored.bytes.byteLength} bytes for a mask of ${expected}`)
  const broken = brokenEntries(mask, stored)
  if (broken > 0)
    throw new EngineError(
      'mask-broken',
      `${stored.name}: ${broken} pruned weights are no longer 0, so nothing was saved; please report this recipe`,
    )
}

/** The elements as integers, and which of their bits are not the sign. */
function bitsOf({ bytes, bytesPerWeight }: StoredWeight): { bits: Uint16Array | Uint32Array; magnitude: number } {
  // Slices of larger buffers may start at odd addresses, which typed arrays refuse.
  const { buffer, byteOffset } = bytes.byteOffset % bytesPerWeight === 0 ? bytes : bytes.slice()
  if (bytesPerWeight === 2)
    return { bits: new Uint16Array(buffer, byteOffset, bytes.byteLength / 2), magnitude: 0x7fff }
  const halves = new Uint32Array(buffer, byteOffset, bytes.byteLength / 4)
  if (bytesPerWeight === 4) return { bits: halves, magnitude: 0x7fffffff }
  const folded = new Uint32Array(halves.length / 2)
  for (let i = 0; i < folded.length; i++) folded[i] = halves[2 * i] | (halves[2 * i + 1] << 1)
  return { bits: folded, magnitude: 0xffffffff }
}

// 16-bit weights are checked by WebAssembly (checkpoint/stats/assembly/look.ts): loops over typed arrays take three times as long, which a
// GPU would wait for.

/** Bytes of weights checked at a time, which fit into a core's own cache. Two bytes of weights have one bit of the mask. */
const pieceBytes = 2 ** 18
const [valuesAt, keptAt] = [2 ** 16, 2 ** 16 + pieceBytes]
const pages = (keptAt + pieceBytes / 16) / 2 ** 16

let opened: { wasm: Wasm; memory: Uint8Array } | null = null

function open() {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(pages) })
  const wasm = instantiate(new WebAssembly.Module(readWasm('counts')), memory)
  return (opened = { wasm, memory: new Uint8Array(memory.buffer) })
}

/** Whether no 16-bit value has all bits of `exponent` set. */
export function halvesAreFinite(bytes: Uint8Array, exponent: number): boolean {
  const { wasm, memory } = opened ?? open()
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const piece = bytes.subarray(start, start + pieceBytes)
    memory.set(piece, valuesAt)
    const whole = Math.ceil(piece.length / 16) * 16
    memory.fill(0, valuesAt + piece.length, valuesAt + whole)
    if (!wasm.areFinite(valuesAt, whole, exponent)) return false
  }
  return true
}

/** Whether all 16-bit values are 0 or −0, except those whose bit of the mask is 1. A mask word covers 32 values. */
function halvesAreZero(bytes: Uint8Array, words: Uint32Array): boolean {
  const { wasm, memory } = opened ?? open()
  const kept = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const bits = kept.subarray(start / 16, (start + pieceBytes) / 16)
    memory.set(bytes.subarray(start, start + pieceBytes), valuesAt)
    memory.set(bits, keptAt)
    if (!wasm.areZero(valuesAt, keptAt, bits.length / 4)) return false
  }
  return true
}
