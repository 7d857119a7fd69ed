// Whether a place of a recipe lies in a comment, where nothing is to be completed.
import { CST, Lexer } from 'yaml'

/** `offset`: of the cursor, between characters. Before the `#` is outside, the end of its line inside. */
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
