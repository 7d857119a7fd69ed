import type { RecipeDocument } from '../../src/recipe/document.ts'
import type { TextEdit } from '../../src/recipe/finding.ts'

/** The text with the edits made. */
export function applyEdits(document: RecipeDocument, edits: readonly TextEdit[]): string {
  const inOrder = edits
    .map((e) => ({ start: document.offset(e.range.start), end: document.offset(e.range.end), newText: e.newText }))
    .sort((a, b) => b.start - a.start)
  return inOrder.reduce((text, e) => text.slice(0, e.start) + e.newText + text.slice(e.end), document.text)
}
