// Recipes as text, in the style that every YAML reader understands: patterns quoted, exponents with a dot and a sign.
import { Document, isScalar, visit } from 'yaml'
import { customTags } from '../everyonesYaml.ts'
import type { Recipe } from '../schema.ts'

/** `comments` stand at the top, one a line. */
export function writeRecipe(recipe: Recipe, comments: readonly string[]): string {
  return writeYaml(recipe, comments)
}

export function writeYaml(value: unknown, comments: readonly string[]): string {
  const document = new Document(value, { customTags })
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && /^(?:re:|\d+:\d+$)/.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
    Seq(_, node) {
      if (node.items.every((item) => isScalar(item))) node.flow = true
    },
  })
  const lines = comments.map((c) => `# ${c.replace(/\s+/g, ' ')}\n`).join('')
  return lines + document.toString({ lineWidth: 100, flowCollectionPadding: false })
}
