// Finds the value that the cursor completes. Text that is being typed is rarely whole, so a letter is put where the value is
// missing, and the parser, which copes with the rest, says where that is.
import { isScalar } from 'yaml'
import type { Position, Range } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { readDocument } from '../recipe/document.ts'
import type { Path } from '../recipe/document.ts'
import { pathAt } from '../recipe/pathAt.ts'

export interface CompletionPlace {
  /** Path of the value, list indices included: ['prune', 0, 'targets', 1]. */
  path: Path
  /** Its text up to the cursor, without quotes. */
  text: string
  /** The quote that it begins with, or ''. */
  quote: '"' | "'" | ''
  /** Range that a completed value replaces, its quotes included. */
  range: Range
}

const letter = 'x'

/** Null where no value is being typed, as in a key or a comment. */
export function completionPlace(document: TextDocument, position: Position): CompletionPlace | null {
  const text = document.getText()
  const offset = document.offsetAt(position)
  // Between separators nothing stands yet, and `re:` alone would be a key.
  const missing = /(?:^|[\s[{,]|\bre:)$/.test(text.slice(0, offset)) && /^(?:[\s\]},]|$)/.test(text.slice(offset))
  const added = missing ? letter.length : 0
  const tree = readDocument(missing ? text.slice(0, offset) + letter + text.slice(offset) : text)
  const path = pathAt(tree, offset)
  const node = path ? tree.nodeAt(path) : null
  if (!path || !isScalar(node) || !node.range) return null
  const [start, end] = node.range
  // On a key, the node is its value somewhere else.
  if (offset < start || offset > end) return null
  // A quote that is not closed yet goes on over lines; what is completed is of one.
  const lineEnd = /[\r\n]/.exec(text.slice(offset))?.index ?? Infinity
  if (/\n/.test(text.slice(start, offset))) return null
  const first = text[start]
  return {
    path,
    quote: first === '"' || first === "'" ? first : '',
    text: text.slice(start, offset).replace(/^["']/, ''),
    range: { start: document.positionAt(start), end: document.positionAt(Math.min(end - added, offset + lineEnd)) },
  }
}
