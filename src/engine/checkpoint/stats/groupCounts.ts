// Zeros and broken N:M groups straight from the words of f32, without a flag for each element: a third of the time of `zeroFlags` and a
// counter behind it. x | −x has its top bit set for every x but 0.
import type { NmPattern } from '../../../shared/format/nm.ts'
import type { ElementFormat } from './elementFormat.ts'

/** Groups of M in a row in `count` elements (a multiple of M) with fewer than N zeros. */
export type GroupCount = (data: ArrayBuffer, count: number) => number

/** null where only zero flags can tell. */
export function groupCount(format: ElementFormat, { n, m }: NmPattern): GroupCount | null {
  if (m % 4 !== 0) return null
  const mostKept = m - n
  return isSingle(format) ? (data, count) => brokenGroups(new Int32Array(data, 0, count), m, mostKept) : null
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

function isSingle({ bytes, zeroMask }: ElementFormat): boolean {
  return bytes === 4 && zeroMask === 0x7fffffff
}

/** 0 for ±0, else 1. */
function isKept(word: number): number {
  const magnitude = word << 1
  return (magnitude | -magnitude) >>> 31
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
