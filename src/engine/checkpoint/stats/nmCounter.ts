// N:M validity: in every group of M consecutive inputs of an output at least N weights are zero (a kept weight may be
// zero by chance, so more is fine).
import { parseNm, type NmPattern } from '../../../catalog/formats/sparsity.ts'
import { EngineError } from '../../errors.ts'

/** "2:4" → 2 zeros of every 4. @throws EngineError 'usage'. */
export function requireNm(text: string): NmPattern {
  const pattern = parseNm(text.trim())
  if (pattern) return pattern
  throw new EngineError('usage', `"${text}" is no N:M pattern; write N zeros of every M, such as 2:4 or 4:8`)
}

export interface NmCounter {
  /** Takes whole rows of zero flags, in order. `onViolation` gets row and first column as stored. */
  addRows(flags: Uint8Array, rows: number): void
  readonly groups: number
  readonly violations: number
}

export type OnViolation = (row: number, column: number) => void

/** Groups along the stored rows: the matrix is [out, in]. `columns` is a multiple of m. */
export function alongRows({ n, m }: NmPattern, columns: number, onViolation?: OnViolation): NmCounter {
  let firstRow = 0
  const counter = {
    groups: 0,
    violations: 0,
    addRows(flags: Uint8Array, rows: number) {
      const total = rows * columns
      counter.groups += total / m
      counter.violations +=
        m % 4 === 0 && !onViolation ? violationsOfWords(flags, total, n, m / 4) : general(flags, total)
      firstRow += rows
    },
  }
  return counter

  function general(flags: Uint8Array, total: number): number {
    let count = 0
    for (let start = 0; start < total; start += m) {
      let zeros = 0
      for (let i = start; i < start + m; i++) zeros += flags[i]
      if (zeros >= n) continue
      count++
      onViolation?.(firstRow + Math.floor(start / columns), start % columns)
    }
    return count
  }
}

/** The common case, M a multiple of 4. Flags are read four per word; the multiplication adds a word's bytes into its top byte. */
function violationsOfWords(flags: Uint8Array, total: number, n: number, wordsPerGroup: number): number {
  const words = new Uint32Array(flags.buffer, flags.byteOffset, total / 4)
  let count = 0
  for (let start = 0; start < words.length; start += wordsPerGroup) {
    let zeros = 0
    for (let i = start; i < start + wordsPerGroup; i++) zeros += Math.imul(words[i], 0x01010101) >>> 24
    count += (zeros - n) >>> 31
  }
  return count
}

/** Groups down the stored columns: the matrix is [in, out], as GPT-2's Conv1D stores it. */
export function alongColumns({ n, m }: NmPattern, columns: number, onViolation?: OnViolation): NmCounter {
  const zeros = new Uint16Array(columns)
  let row = 0
  const counter = {
    groups: 0,
    violations: 0,
    addRows(flags: Uint8Array, rows: number) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0, at = r * columns; c < columns; c++, at++) zeros[c] += flags[at]
        if (++row % m === 0) endGroup()
      }
    },
  }
  return counter

  function endGroup(): void {
    counter.groups += columns
    for (let c = 0; c < columns; c++) {
      if (zeros[c] >= n) continue
      counter.violations++
      onViolation?.(row - m, c)
    }
    zeros.fill(0)
  }
}
