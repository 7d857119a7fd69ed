// From text to a recipe. Structure only: the rules of lint look at what a recipe means.
import { readDocument } from './document.ts'
import type { RecipeDocument } from './document.ts'
import type { Finding } from './finding.ts'
import { recipeSchema } from './schema.ts'
import type { Recipe } from './schema.ts'
import { schemaFindings, syntaxFindings } from './structure.ts'

export interface ParsedRecipe {
  /** Null when there is an error among the findings. */
  recipe: Recipe | null
  document: RecipeDocument
  /** Mistakes of YAML and of the schema, in the order of the text. */
  findings: Finding[]
}

/** Parses and validates; never throws. JSON is YAML, so a recipe may be JSON. */
export function parseRecipe(text: string): ParsedRecipe {
  const document = readDocument(text)
  const findings = syntaxFindings(document)
  if (document.value === undefined) return { recipe: null, document, findings }
  const result = recipeSchema.safeParse(document.value)
  if (!result.success) findings.push(...schemaFindings(document, result.error.issues))
  const recipe = result.success && !findings.some((f) => f.severity === 'error') ? result.data : null
  return { recipe, document, findings }
}
