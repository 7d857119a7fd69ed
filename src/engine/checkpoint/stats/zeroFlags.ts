// One byte per element, 1 = exactly zero (+0 or −0), from which sparsity, patterns and comparisons are counted.
// x | −x has its top bit set for every x but 0, so the loops need no branches, which a half-pruned matrix would
// mispredict.
import type { ElementFormat } from './elementFormat.ts'

/** flags[i] = 1 where element i of `data` is zero, for i < count. */
export function zeroFlags(format: ElementFormat, data: ArrayBuffer, count: number, flags: Uint8Array): void {
  const mask = format.zeroMask
  switch (format.bytes) {
    case 1:
      return narrowFlags(new Uint8Array(data, 0, count), mask, flags)
    case 2:
      return narrowFlags(new Uint16Array(data, 0, count), mask, flags)
    case 4:
      return wordFlags(new Int32Array(data, 0, count), mask, flags)
    case 8:
      return pairFlags(new Int32Array(data, 0, 2 * count), mask, flags)
  }
}

function narrowFlags(elements: Uint8Array | Uint16Array, mask: number, flags: Uint8Array): void {
  if (mask === 0) {
    flags.fill(0, 0, elements.length)
    return
  }
  // Four flags are written as one word.
  const words = new Uint32Array(flags.buffer, flags.byteOffset, elements.length >>> 2)
  for (let w = 0, i = 0; w < words.length; w++, i += 4) {
    words[w] =
      (((elements[i] & mask) - 1) >>> 31) |
      ((((elements[i + 1] & mask) - 1) >>> 31) << 8) |
      ((((elements[i + 2] & mask) - 1) >>> 31) << 16) |
      ((((elements[i + 3] & mask) - 1) >>> 31) << 24)
  }
  for (let i = elements.length & ~3; i < elements.length; i++) flags[i] = ((elements[i] & mask) - 1) >>> 31
}

function wordFlags(elements: Int32Array, mask: number, flags: Uint8Array): void {
  const words = new Uint32Array(flags.buffer, flags.byteOffset, elements.length >>> 2)
  for (let w = 0, i = 0; w < words.length; w++, i += 4) {
    words[w] =
      isZero(elements[i] & mask) |
      (isZero(elements[i + 1] & mask) << 8) |
      (isZero(elements[i + 2] & mask) << 16) |
      (isZero(elements[i + 3] & mask) << 24)
  }
  for (let i = elements.length & ~3; i < elements.length; i++) flags[i] = isZero(elements[i] & mask)
}

function pairFlags(words: Int32Array, mask: number, flags: Uint8Array): void {
  for (let i = 0; i < words.length / 2; i++) flags[i] = isZero(words[2 * i] | (words[2 * i + 1] & mask))
}

/** 1 for 0, else 0. */
function isZero(x: number): number {
  return ((x | -x) >>> 31) ^ 1
}

/** Number of ones among the first `count` flags. */
export function countFlags(flags: Uint8Array, count: number): number {
  // Four flags a word: the multiplication adds the four bytes into the top one.
  const words = new Uint32Array(flags.buffer, flags.byteOffset, count >>> 2)
  let sum = 0
  for (let i = 0; i < words.length; i++) sum += Math.imul(words[i], 0x01010101) >>> 24
  for (let i = count & ~3; i < count; i++) sum += flags[i]
  return sum
}
