// The recipe format, version 1 (docs/recipes.md): types and validation, from the rows of its settings. A key that does not apply to the
// chosen method or mode is valid here; lint warns about it.
import type * as z from 'zod'
import { recipeRows } from './settings/recipe.ts'
import { described, mapOf } from './settings/row.ts'

export type { PruneStep, Recover } from './settings/recipe.ts'

export const recipeSchema = mapOf(recipeRows).meta({
  title: 'SparseScope recipe',
  ...described('One run: model, pruning, recovery, evaluation.'),
})

export type Recipe = z.output<typeof recipeSchema>

export type Issue = z.core.$ZodIssue

interface Validated {
  /** null when there is an issue. */
  readonly recipe: Recipe | null
  readonly issues: readonly Issue[]
}

/** Checks a recipe, and reports each problem at its own place. */
export function validate(value: unknown): Validated {
  const parsed = recipeSchema.safeParse(value)
  return parsed.success
    ? { recipe: parsed.data, issues: [] }
    : { recipe: null, issues: parsed.error.issues.flatMap(inside) }
}

/** Where a value may have several forms, as one map or a list of maps, the issues are those of the form that it has. */
function inside(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.filter((issues) => issues.every(({ path }) => path.length > 0))
  if (meant.length !== 1) return [issue]
  return meant[0].flatMap((inner) => inside({ ...inner, path: [...issue.path, ...inner.path] }))
}
