// The last check of 16-bit weights before they are saved, by WebAssembly (stats/assembly/look.ts), a piece at a time: loops over
// typed arrays take three times as long, which a GPU would wait for.
import { instantiate, readWasm, type Wasm } from '../readWasm.ts'

/** Bytes of a piece: small enough for a core's own cache. A bit of the mask is for two. */
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

/** Whether all 16-bit values are 0, or −0, but for those whose bit of the mask is 1. A word of it is for 32 values. */
export function halvesAreZero(bytes: Uint8Array, words: Uint32Array): boolean {
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
