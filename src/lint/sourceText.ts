// The recipe as it is written, for rules that need more than its value: plain scalars, unknown keys, target entries, comments.
import type { Scalar } from 'yaml'
import type { LintContext, TargetEntry } from './context.ts'
import { flowText, replaceRange, replaceValue } from '../recipe/edits.ts'
import type { Fix, Range, TextEdit } from '../recipe/finding.ts'
import type { Report } from './rule.ts'
import { endOf, type Path, readDocument, type RecipeDocument } from '../recipe/document.ts'

export interface PlainScalar {
  text: string
  range: Range
  scalar: Scalar
}

/** Unquoted scalars, keys too. */
export function* plainScalars({ document, scalars }: LintContext): Iterable<PlainScalar> {
  for (const scalar of scalars) {
    if (scalar.type !== 'PLAIN' || !scalar.range || scalar.range[1] <= scalar.range[0]) continue
    const [start, end] = scalar.range
    yield { text: document.text.slice(start, end), range: document.range(start, end), scalar }
  }
}

export function replaceScalar({ document }: LintContext, scalar: Scalar, newText: string): TextEdit[] {
  return scalar.range ? [replaceRange(document, scalar.range[0], scalar.range[1], newText)] : []
}

/** A key that the format does not have. Several rules check these, and each knows another reason for them. */
export interface UnknownKey {
  key: string
  /** Path of the map that has the key. */
  parent: Path
  path: Path
}

export function* unknownKeys({ issues }: LintContext): Iterable<UnknownKey> {
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const parent = issue.path as (string | number)[]
    for (const key of issue.keys) yield { key, parent, path: [...parent, key] }
  }
}

/** A path without its places in lists. */
export const keysOf = (path: Path) => path.filter((key) => typeof key === 'string')
export const isSame = (a: Path, b: Path) => a.length === b.length && a.every((key, i) => key === b[i])

/** Reports unknown keys that match `name`, with the message that `say` gives and a fix that removes the key. */
export function* superfluousKeys(context: LintContext, name: RegExp, say: (key: string) => string): Iterable<Report> {
  for (const { key, path } of unknownKeys(context))
    if (name.test(key)) yield { at: { key: path }, message: say(key), fixes: [context.fix.drop(path)] }
}

/** A list of one value as YAML text, in the value's own spelling where that is on one line and means the same. `splits`: commas separate items. */
export function inBrackets(document: RecipeDocument, path: Path, value: unknown, splits: boolean): string {
  const node = document.nodeAt(path)
  const own = node?.range ? `[${document.text.slice(node.range[0], endOf(node, document.text))}]` : ''
  const items = splits && typeof value === 'string' ? value.split(',').map((item) => item.trim()) : [value]
  const isSame = !own.includes('\n') && JSON.stringify(readDocument(own).value) === JSON.stringify(items)
  return isSame ? own : flowText(items)
}

/** A target as YAML text: plain where that is safe, else in double quotes. */
export function targetText(entry: string): string {
  return /^[A-Za-z_][\w.]*$/.test(entry) ? entry : JSON.stringify(entry)
}

/** Replaces one entry of `targets` or `ignore`. */
export function rewrite({ document }: LintContext, { path }: TargetEntry, entry: string): Fix {
  return { title: `Write ${entry}`, edits: replaceValue(document, path, targetText(entry)) }
}

/**
 * Comments that switch rules off, each with a reason:
 *   # sparsescope-disable lr-off-grid, few-samples: a small model needs a larger rate     (whole file)
 *   # sparsescope-disable-next-line lr-off-grid: …                                        (the line after)
 */
const comment = /^[ \t]*#[ \t]*sparsescope-disable(-next-line)?\b[ \t]*([^:\n]*)(?::[ \t]*(\S[^\n]*)?)?$/gm

interface Comment {
  readonly words: readonly string[]
  readonly reason: string | undefined
  readonly nextLine: boolean
  /** Offset in the text. */
  readonly start: number
  readonly end: number
}

export function disablingComments(text: string): Comment[] {
  return [...text.matchAll(comment)].map(({ index, 0: whole, 1: next, 2: list, 3: reason }) => ({
    words: list.split(/[\s,]+/).filter((word) => word !== ''),
    reason,
    nextLine: next !== undefined,
    start: index,
    end: index + whole.length,
  }))
}
