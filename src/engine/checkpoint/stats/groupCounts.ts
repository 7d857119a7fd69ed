// Zeros and broken N:M groups straight from the words of the two common float widths, without a flag for each element: a
// third of the time of `zeroFlags` and a counter behind it. x | −x has its top bit set for every x but 0.
import type { NmPattern } from '../../../shared/format/nm.ts'
import type { ElementFormat } from './elementFormat.ts'

/** Groups of 4 and of 8 are counted with the values (`countHalves`). */
export function halfGroups(format: ElementFormat, patterns: readonly NmPattern[]): HalfGroups | null {
  if (!isHalf(format)) return null
  const mostKept = (size: number) => size - (patterns.find(({ m }) => m === size)?.n ?? 0)
  return { mostKept4: mostKept(4), mostKept8: mostKept(8), broken4: 0, broken8: 0 }
}

/** Groups of M in a row in `count` elements (a multiple of M) with fewer than N zeros. */
export type GroupCount = (data: ArrayBuffer, count: number) => number

/** null where flags have to tell. */
export function groupCount(format: ElementFormat, { n, m }: NmPattern): GroupCount | null {
  if (m % 4 !== 0) return null
  const mostKept = m - n
  return isSingle(format) ? (data, count) => brokenGroups(new Int32Array(data, 0, count), m, mostKept) : null
}

/** Groups of 4 and of 8 in a row in which more than so many are kept; as many as the group has means that none is looked for. */
export interface HalfGroups {
  readonly mostKept4: number
  readonly mostKept8: number
  broken4: number
  broken8: number
}

/**
 * Counts the patterns of 16-bit floats, two a word, into two tables by turns, and the broken groups with them: one pass instead of
 * three over as many bytes. `words` begin with a group; what is left behind the last group of 8 belongs to groups of 4 alone.
 */
export function countHalves(words: Int32Array, even: Uint32Array, odd: Uint32Array, groups: HalfGroups): void {
  const { mostKept4, mostKept8 } = groups
  let [broken4, broken8] = [0, 0]
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [words[i], words[i + 1], words[i + 2], words[i + 3]]
    even[a & 0xffff]++
    odd[a >>> 16]++
    even[b & 0xffff]++
    odd[b >>> 16]++
    even[c & 0xffff]++
    odd[c >>> 16]++
    even[d & 0xffff]++
    odd[d >>> 16]++
    const [first, second] = [keptOfPair(a) + keptOfPair(b), keptOfPair(c) + keptOfPair(d)]
    const [kept, more] = [(first >>> 16) + (first & 15), (second >>> 16) + (second & 15)]
    broken4 += ((mostKept4 - kept) >>> 31) + ((mostKept4 - more) >>> 31)
    broken8 += (mostKept8 - kept - more) >>> 31
  }
  for (let i = whole; i < words.length; i++) {
    even[words[i] & 0xffff]++
    odd[words[i] >>> 16]++
  }
  if (mostKept4 < 4) broken4 += brokenFours(words.subarray(whole), mostKept4)
  groups.broken4 += broken4
  groups.broken8 += broken8
}

/** Zeros among the first `count` f32; null for other types. */
export function zeroCount(format: ElementFormat): ((data: ArrayBuffer, count: number) => number) | null {
  if (!isSingle(format)) return null
  return (data, count) => {
    const words = new Int32Array(data, 0, count)
    let kept = 0
    for (let i = 0; i < words.length; i++) kept += isKept(words[i])
    return count - kept
  }
}

function isHalf({ bytes, zeroMask }: ElementFormat): boolean {
  return bytes === 2 && zeroMask === 0x7fff
}

function isSingle({ bytes, zeroMask }: ElementFormat): boolean {
  return bytes === 4 && zeroMask === 0x7fffffff
}

const magnitudes = 0x7fff7fff

/** Bit 0 and bit 16: whether the word's two halves are kept. Adding 0x7fff carries into bit 15 of every half but a zero. */
function keptOfPair(word: number): number {
  return (((word & magnitudes) + magnitudes) >>> 15) & 0x10001
}

/** 0 for ±0, else 1. */
function isKept(word: number): number {
  const magnitude = word << 1
  return (magnitude | -magnitude) >>> 31
}

function brokenFours(pairs: Int32Array, mostKept: number): number {
  let broken = 0
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const kept = keptOfPair(pairs[i]) + keptOfPair(pairs[i + 1])
    broken += (mostKept - ((kept >>> 16) + (kept & 15))) >>> 31
  }
  return broken
}

function brokenGroups(words: Int32Array, m: number, mostKept: number): number {
  let broken = 0
  for (let start = 0; start < words.length; start += m) {
    let kept = 0
    for (let i = start; i < start + m; i++) kept += isKept(words[i])
    broken += (mostKept - kept) >>> 31
  }
  return broken
}
