// Places where the runs of a sweep write: side by side, by their names.
import type { Recipe } from '../schema.ts'
import type { NamedSettings } from './settings.ts'

/**
 * `../opt` → `../opt-prune.0.sparsity=0.5`, and so for the files of each evaluation. A run that sets a place itself writes just
 * there.
 */
export function withOwnPlaces(recipe: Recipe, run: NamedSettings, suffix: string): Recipe {
  const own = (key: string, path: string) => (isSet(run, key) ? path : `${path.replace(/[\\/]+$/, '')}-${suffix}`)
  const { save, evaluate } = recipe
  const pruned = save?.pruned === undefined ? {} : { pruned: own('save.pruned', save.pruned) }
  return {
    ...recipe,
    ...(save && { save: { ...save, to: own('save.to', save.to), ...pruned } }),
    ...(evaluate && {
      evaluate: evaluate.map((entry, i) => ({
        ...entry,
        ...(entry.out !== undefined && { out: own(`evaluate.${i}.out`, entry.out) }),
      })),
    }),
  }
}

/** Whether a run sets this key, or what holds it. */
function isSet({ settings }: NamedSettings, key: string): boolean {
  const parts = key.split('.')
  return parts.some((_, i) => parts.slice(0, i + 1).join('.') in settings)
}
