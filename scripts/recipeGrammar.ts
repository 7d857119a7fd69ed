// The words of the recipes' grammar, from the recipe's schema, which is made from the rows.
import { recipeJsonSchema, type JsonSchema } from '../src/recipe/jsonSchema.ts'

/** The part of a TextMate grammar that is made here. */
export interface RecipeGrammar {
  repository: { value: { patterns: { name: string; match: string }[] } }
}

const scope = 'support.constant.prune-recipe'

/** The grammar with every word that a recipe may have as a value. @throws Error where it has no place for them. */
export function withWords<Grammar extends RecipeGrammar>(grammar: Grammar, schema = recipeJsonSchema()): Grammar {
  const made = structuredClone(grammar)
  const pattern = made.repository.value.patterns.find(({ name }) => name === scope)
  if (!pattern) throw new Error(`the grammar has no pattern ${scope}`)
  const words = [...new Set(wordsIn(schema))].join('|')
  pattern.match = `(?<![^\\s\\[{,\\"'])(?:${words})(?=\\s*(?:$|[\\],}\\"']|\\s#))`
  return made
}

/** Words among the values of a schema; numbers, sizes and paths have no highlighting of their own. */
function wordsIn(schema: JsonSchema): string[] {
  const {
    enum: few = [],
    const: one,
    default: usual,
    properties = {},
    additionalProperties,
    items,
    anyOf = [],
  } = schema
  const named = [...few, one, usual].flat().filter((value) => typeof value === 'string')
  const parts = [...Object.values(properties), ...anyOf, items, additionalProperties]
  const within = parts.flatMap((part) => (typeof part === 'object' ? wordsIn(part) : []))
  return [...named.filter((value) => /^[A-Za-z_]\w*$/.test(value)), ...within]
}
