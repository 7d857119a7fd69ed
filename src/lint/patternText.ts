// Changes to target entries as text.
import type { LintContext, TargetEntry } from './context.ts'
import { replaceValue } from '../recipe/edits.ts'
import type { Fix } from '../recipe/finding.ts'

/** A quoted target in double quotes, or plain where that is safe. */
export function targetText(entry: string): string {
  return /^[A-Za-z_][\w.]*$/.test(entry) ? entry : JSON.stringify(entry)
}

/** Replaces one entry of `targets` or `ignore`. */
export function rewrite({ document }: LintContext, { path }: TargetEntry, entry: string): Fix {
  return { title: `Write ${entry}`, edits: replaceValue(document, path, targetText(entry)) }
}
