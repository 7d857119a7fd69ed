// Checks the values of a row's columns. Messages name the column; the reader of the file adds the row's place.
import { FormatError, quoted } from '../../errors.ts'
import { someOf } from '../../formatting/lists.ts'
import type { Row } from './task.ts'
import { isRecord } from '../formats/json.ts'

export function textIn(row: Row, column: string): string {
  return asText(row[column], column)
}

export function textsIn(row: Row, column: string): string[] {
  return asTexts(row[column], column)
}

/** The choices of ARC and OpenBookQA: `{text: […], label: […]}`. */
export function labelledChoices(row: Row): { texts: string[]; labels: string[] } {
  const { choices } = row
  if (!isRecord(choices)) throw wrong('choices', 'a map {text: […], label: […]}', choices)
  const texts = asTexts(choices.text, 'choices.text')
  const labels = asTexts(choices.label, 'choices.label')
  if (texts.length === labels.length) return { texts, labels }
  throw new FormatError(
    `"choices" has ${texts.length} texts and ${labels.length} labels; there must be as many of one as of the other`,
  )
}

/** Place of the answer among the labels; null for a row without one. */
export function goldLabel(answer: unknown, labels: readonly string[], column: string): number | null {
  if (isNoAnswer(answer)) return null
  const text = asText(answer, column)
  const at = labels.indexOf(text)
  if (at >= 0) return at
  throw new FormatError(`"${column}" is ${quoted(text)}, which is not one of the labels ${someOf(labels.map(quoted))}`)
}

/** A whole number below `count`, also written as text; null for a row without an answer (−1, as hidden test sets have it). */
export function goldIndex(answer: unknown, count: number, column: string): number | null {
  if (isNoAnswer(answer)) return null
  const value = typeof answer === 'boolean' ? Number(answer) : answer
  const index = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < count) return index
  throw wrong(column, `a whole number from 0 to ${count - 1}`, answer)
}

function isNoAnswer(answer: unknown): boolean {
  return answer === undefined || answer === null || answer === '' || answer === -1 || answer === '-1'
}

function asText(value: unknown, column: string): string {
  if (typeof value === 'string') return value
  throw wrong(column, 'text', value)
}

function asTexts(value: unknown, column: string): string[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(column, 'a list of texts', value)
  return value.map((item) => asText(item, column))
}

function wrong(column: string, wanted: string, value: unknown): FormatError {
  const text = value === undefined ? 'missing' : quoted(JSON.stringify(value) ?? typeof value)
  return new FormatError(`"${column}" must be ${wanted}, it is ${text}`)
}
