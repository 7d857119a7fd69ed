// Recipes as text, in the style that every YAML reader understands: patterns quoted, exponents with a dot.
import { Document, isScalar, visit } from 'yaml'
import { numberText } from '../edits.ts'
import type { Recipe } from '../schema.ts'

/** `comments` stand at the top, one a line. */
export function writeRecipe(recipe: Recipe, comments: readonly string[]): string {
  return writeYaml(recipe, comments)
}

export function writeYaml(value: unknown, comments: readonly string[]): string {
  const document = new Document(value)
  visit(document, {
    Scalar(_, node) {
      if (!isScalar(node)) return
      if (typeof node.value === 'string' && /^(?:re:|\d+:\d+$)/.test(node.value)) node.type = 'QUOTE_DOUBLE'
      if (typeof node.value === 'number' && String(node.value).includes('e')) {
        const text = numberText(node.value)
        node.source = text
        node.format = 'EXP'
        // The writer has no style with a dot: a plain scalar of this text is one.
        node.toJSON = () => text
      }
    },
    Seq(_, node) {
      if (node.items.every((item) => isScalar(item))) node.flow = true
    },
  })
  const lines = comments.map((c) => `# ${c.replace(/\s+/g, ' ')}\n`).join('')
  const text = document.toString({ lineWidth: 100, flowCollectionPadding: false })
  return lines + text.replace(/(?<=[:\s[])(\d+)e([-+]\d+)$/gm, '$1.0e$2')
}
