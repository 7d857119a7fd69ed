// Recipes as objects: one to run on the tiny model, and one to plan.
import { resolveRecipe, type ResolvedRecipe, type Surroundings } from '../../src/recipe/resolve.ts'
import { recipeSchema } from '../../src/recipe/schema.ts'

/** Prunes half of the tiny model, whose files `runPlace({ tiny: true })` writes. `more` adds keys or replaces them. */
export function tinyRecipe<T extends object>(more: T) {
  return {
    version: 1,
    model: 'model',
    prune: [{ method: 'wanda', sparsity: 0.5 }],
    calibration: { data: 'ids.safetensors', samples: 8, seq_len: 16 },
    ...more,
  }
}

/** A recipe of a model that need not exist, with all its defaults. @throws when it is not valid. */
export function resolvedRecipe(more: object, known?: Surroundings): ResolvedRecipe {
  return resolveRecipe(recipeSchema.parse({ version: 1, model: 'm', ...more }), known)
}
