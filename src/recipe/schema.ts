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
