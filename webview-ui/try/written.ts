// Texts that the columns have generated so far, folded from the backend's progress.
import { firstDifference } from '../../src/runs/series/samples.ts'
import type { TriedToken, TryProgress } from '../../src/protocol/tryOut.ts'

export interface Text {
  readonly tokens: readonly TriedToken[]
  /** Bytes at the end of a text that are half a character. */
  readonly rest: string
  /** Log-probabilities by the first column, one a token; null: it has another tokenizer. undefined: not yet. */
  readonly judged: readonly number[] | null | undefined
  /** Seconds it took; null while it is being written. */
  readonly seconds: number | null
}

export interface Written {
  readonly prompts: readonly string[]
  /** By column, then by prompt. */
  readonly texts: readonly (readonly Text[])[]
  /** Per column, whether its weights are being read, or why it cannot be used. */
  readonly opening: readonly boolean[]
  readonly failed: readonly (string | null)[]
}

export function emptyWritten(columns: number, prompts: readonly string[]): Written {
  const each = <T>(of: T) => Array.from({ length: columns }, () => of)
  const texts = each(prompts.map((): Text => ({ tokens: [], rest: '', judged: undefined, seconds: null })))
  return { prompts, texts, opening: each(false), failed: each(null) }
}

/** Texts that nothing is said of stay the same objects; what names no column or prompt of these is left out. */
export function fold(written: Written, progress: TryProgress): Written {
  const { column } = progress
  if (column >= written.texts.length) return written
  const opening = written.opening.with(column, progress.type === 'opening')
  if (progress.type === 'opening') return { ...written, opening }
  if (progress.type === 'failed') return { ...written, opening, failed: written.failed.with(column, progress.message) }
  const text = written.texts[column].at(progress.prompt)
  if (!text) return written
  const own = written.texts[column].with(progress.prompt, { ...text, ...change(text, progress) })
  return { ...written, opening, texts: written.texts.with(column, own) }
}

function change(text: Text, progress: Exclude<TryProgress, { type: 'opening' | 'failed' }>): Partial<Text> {
  switch (progress.type) {
    case 'token':
      return { tokens: [...text.tokens, progress.token] }
    case 'judged':
      return { judged: progress.logProbabilities }
    case 'end':
      return { seconds: progress.seconds, rest: progress.rest }
  }
}

/** Index of the first token that the first column does not have there; null: none so far. */
export function differsAt(first: Text, own: Text): number | null {
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

/** Probabilities below which a token counts as one level more surprising. */
const bounds = [0.1, 0.01, 0.001]

/** 0: expected, 3: it would hardly ever have said this. */
export function surprise(logProbability: number): number {
  const probability = Math.exp(logProbability)
  const level = bounds.findIndex((bound) => probability >= bound)
  return level < 0 ? bounds.length : level
}

export const surpriseWords = ['10 % or more', '1 to 10 %', '0.1 to 1 %', 'under 0.1 %']

/** A table for an issue or a paper's notes: a row a prompt, a column a checkpoint. */
export function writtenMarkdown(heads: readonly string[], { prompts, texts }: Written): string {
  const cell = (text: string) => text.replace(/([\\|`*_<>[\]])/g, '\\$1').replace(/\s+/g, ' ')
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  const rows = prompts.map((prompt, p) => line([prompt, ...texts.map((column) => textOf(column[p]))]))
  return [line(['prompt', ...heads]), `|${' --- |'.repeat(heads.length + 1)}`, ...rows, ''].join('\n')
}
