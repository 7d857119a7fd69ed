// Texts that the columns have generated so far, folded from the backend's progress.
import { firstDifference } from '../../src/shared/series/samples.ts'
import type { TriedToken, TryProgress } from '../../src/shared/protocol/tryOut.ts'

export interface Text {
  tokens: TriedToken[]
  /** Bytes at the end of a text that are half a character. */
  rest: string
  /** Log-probabilities by the first column, one a token; null: it has another tokenizer. undefined: not yet. */
  judged: number[] | null | undefined
  /** Seconds it took; null while it is being written. */
  seconds: number | null
}

export interface Written {
  prompts: readonly string[]
  /** By column, then by prompt. */
  texts: Text[][]
  /** Per column, whether its weights are being read, or why it cannot be used. */
  opening: boolean[]
  failed: (string | null)[]
}

export function emptyWritten(columns: number, prompts: readonly string[]): Written {
  const each = <T>(of: () => T) => Array.from({ length: columns }, of)
  const texts = each(() => prompts.map((): Text => ({ tokens: [], rest: '', judged: undefined, seconds: null })))
  return { prompts, texts, opening: each(() => false), failed: each(() => null) }
}

/** Folds in place; what names no column or prompt of these is left out. */
export function fold(written: Written, progress: TryProgress): void {
  const { column } = progress
  if (column >= written.texts.length) return
  if (progress.type === 'opening') written.opening[column] = true
  else written.opening[column] = false
  if (progress.type === 'failed') written.failed[column] = progress.message
  if (progress.type === 'opening' || progress.type === 'failed') return
  const text = written.texts[column].at(progress.prompt)
  if (!text) return
  if (progress.type === 'token') text.tokens.push(progress.token)
  if (progress.type === 'judged') text.judged = progress.logProbabilities
  if (progress.type === 'end') {
    text.seconds = progress.seconds
    text.rest = progress.rest
  }
}

/** Index of the first token that the first column does not have there; null: none so far. */
export function differsAt({ texts }: Written, column: number, prompt: number): number | null {
  const [first, own] = [texts[0][prompt], texts[column][prompt]]
  const at = firstDifference(
    first.tokens.map(({ id }) => id),
    own.tokens.map(({ id }) => id),
  )
  const shorter = Math.min(first.tokens.length, own.tokens.length)
  // While they are being written one is ahead of the other.
  return at === shorter && (first.seconds === null || own.seconds === null) ? null : at
}

export function textOf({ tokens, rest }: Text): string {
  return tokens.map(({ piece }) => piece).join('') + rest
}

/** Natural log of the first column's probability of a token; undefined where nobody has said. */
export function judgement({ texts }: Written, column: number, prompt: number, token: number): number | undefined {
  const text = texts[column][prompt]
  return column === 0 ? text.tokens.at(token)?.logProbability : text.judged?.[token]
}

/** Probabilities below which a token counts as one level more surprising. */
const bounds = [0.5, 0.1, 0.01, 0.001]

/** 0: expected, 4: it would hardly ever have said this. */
export function surprise(logProbability: number): number {
  const probability = Math.exp(logProbability)
  const level = bounds.findIndex((bound) => probability >= bound)
  return level < 0 ? bounds.length : level
}

export const surpriseWords = ['50 % or more', '10 to 50 %', '1 to 10 %', '0.1 to 1 %', 'under 0.1 %']

/** A table for an issue or a paper's notes: a row a prompt, a column a checkpoint. */
export function writtenMarkdown(heads: readonly string[], { prompts, texts }: Written): string {
  const cell = (text: string) => text.replace(/([\\|`*_<>[\]])/g, '\\$1').replace(/\s+/g, ' ')
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  const rows = prompts.map((prompt, p) => line([prompt, ...texts.map((column) => textOf(column[p]))]))
  return [line(['prompt', ...heads]), `|${' --- |'.repeat(heads.length + 1)}`, ...rows, ''].join('\n')
}
