// The text that a tool answers with: at most 4 kB, with a way to get the rest; no token, and no path outside the roots.
import { sep } from 'node:path'
import { plural } from '../formatting/numbers.ts'
import { printable } from '../formatting/printable.ts'
import type { Roots } from './roots.ts'

/** Bytes of UTF-8 of a whole result. */
export const mostBytes = 4000
const footerBytes = 120

/**
 * Lines of a text from `first` (counted from 1), as many as fit. `canGoOn`: the tool takes `from_line`, by which the rest can be asked for.
 */
export function partOf(text: string, first: number, canGoOn: boolean): string {
  const lines = text.split('\n')
  if (first > lines.length) return `It has ${plural(lines.length, 'line')}, and no line ${first}.`
  const kept: string[] = []
  let room = mostBytes - footerBytes
  for (const line of lines.slice(first - 1)) {
    room -= Buffer.byteLength(line) + 1
    if (room < 0) break
    kept.push(line)
  }
  // A line that is too long for any result is cut.
  if (kept.length === 0) kept.push(cut(lines[first - 1]))
  const last = first - 1 + kept.length
  if (first === 1 && last >= lines.length) return kept.join('\n')
  const rest = last >= lines.length ? '' : canGoOn ? `; from_line: ${last + 1} has the rest` : '; the rest is left out'
  return [...kept, `(lines ${first} to ${last} of ${lines.length}${rest})`].join('\n')
}

function cut(line: string): string {
  return Buffer.from(line)
    .subarray(0, mostBytes - footerBytes - 4)
    .toString()
    .replace(/\ufffd*$/, '…')
}

const tokens = /\b(?:hf|api_org|sk|ghp|github_pat|xox[abp])[_-][A-Za-z0-9_-]{16,}/g
/** An absolute path of POSIX or Windows: not the middle of a word, of a relative path or of an address. */
const absolute = /(?<![\w./\\~%-])(?:\/(?![/\s])|[A-Za-z]:[\\/](?!\/))[^\s"'`,;:()[\]{}<>|]*/g

/** Removes control characters and tokens, makes paths relative to the first root, and reduces paths outside roots to their last name. */
export function clean(text: string, roots: Roots): string {
  const [first, ...others] = roots.folders
  const token = process.env.HF_TOKEN
  const plain = printable(token ? text.replaceAll(token, '<token>') : text).replaceAll(first + sep, '')
  return plain.replace(tokens, '<token>').replace(absolute, (path) => {
    if (path === '/' || others.some((root) => path === root || path.startsWith(`${root}/`))) return path
    if (path === first) return '.'
    return `…/${path.split(/[\\/]/).at(-1)}`
  })
}
