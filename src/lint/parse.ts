// Parses a text to a recipe that can be run.
import type { RecipeDocument } from '../recipe/document.ts'
import type { Finding } from '../recipe/finding.ts'
import { lint } from './lint.ts'
import type { Recipe } from '../recipe/schema.ts'

export interface ParsedRecipe {
  /** Null when there is an error among the findings. */
  recipe: Recipe | null
  document: RecipeDocument
  /** Findings, in the text's order, of every rule that needs no model, data or machine. */
  findings: Finding[]
}

/** Parses and validates; never throws. JSON is YAML, so a recipe may be JSON. */
export function parseRecipe(text: string): ParsedRecipe {
  const { document, context, findings } = lint(text)
  // A disabled error is still an error: only a value that the schema accepts is a recipe.
  const valid = document.value !== undefined && context.issues.length === 0
  const usable = valid && !findings.some((f) => f.severity === 'error')
  return { recipe: usable ? context.recipe : null, document, findings }
}
