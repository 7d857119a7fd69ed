// Checks a recipe against the schema and reports each problem at its own place.
import type { z } from 'zod'
import { recipeSchema, type Recipe } from './schema.ts'

export type Issue = z.core.$ZodIssue

export interface Validated {
  /** null when there is an issue. */
  readonly recipe: Recipe | null
  readonly issues: readonly Issue[]
}

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
