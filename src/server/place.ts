// What is at a position of a recipe: the value that is being completed, or a comment.
import { pathAt } from '../recipe/pathAt.ts'
import { CST, isScalar, Lexer } from 'yaml'
import type { Position, Range } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { type Path, readDocument } from '../recipe/document.ts'

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

/**
 * The value that the cursor completes; null where no value is being typed, as in a key or a comment. Text that is being typed is
 * rarely whole: a letter is inserted where the value is missing, and the parser, which tolerates the rest, says where that is.
 */
export function completionPlace(document: TextDocument, position: Position): CompletionPlace | null {
  const text = document.getText()
  const offset = document.offsetAt(position)
  // Between separators there is no text yet, and `re:` alone would be a key.
  const missing = /(?:^|[\s[{,]|\bre:)$/.test(text.slice(0, offset)) && /^(?:[\s\]},]|$)/.test(text.slice(offset))
  const added = missing ? letter.length : 0
  const tree = readDocument(missing ? text.slice(0, offset) + letter + text.slice(offset) : text)
  const path = pathAt(tree, offset)
  const node = path ? tree.nodeAt(path) : null
  if (!path || !isScalar(node) || !node.range) return null
  const [start, end] = node.range
  // On a key, the node is its value somewhere else.
  if (offset < start || offset > end) return null
  // A quote that is not closed yet spans lines; only one is completed.
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

/** Whether a position is in a comment, where nothing is completed. `offset`: of the cursor, between characters. Before the `#` is outside, the end of its line inside. */
export function isInComment(text: string, offset: number): boolean {
  let at = 0
  let isContent = false
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme)
    // Marks that the lexer puts in, and that are no text; what follows that of a scalar is its content, whatever it looks like.
    if (!isContent && (type === 'doc-mode' || type === 'flow-error-end' || type === 'scalar')) {
      isContent = type === 'scalar'
      continue
    }
    const end = at + lexeme.length
    if (offset <= end && offset > at && !isContent && type === 'comment') return true
    if (at >= offset) return false
    isContent = false
    at = end
  }
  return false
}
