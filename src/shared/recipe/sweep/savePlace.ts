// Places where the runs of a sweep save: side by side, by their names.
import type { Recipe } from '../schema.ts'
import type { NamedSettings } from './settings.ts'

/** File systems end names at 255 bytes, and the folder's own name comes before. */
const longest = 120

/** `../opt` → `../opt-prune.0.sparsity=0.5`. A run that sets the place itself saves just there. */
export function withOwnPlace(recipe: Recipe, { name, settings }: NamedSettings, index: number): Recipe {
  if (!recipe.save || 'save' in settings || 'save.to' in settings) return recipe
  return { ...recipe, save: { ...recipe.save, to: `${recipe.save.to.replace(/[\\/]+$/, '')}-${suffix(name, index)}` } }
}

/** A suffix without characters that any file system refuses. A name that is too long ends in the run's number. */
function suffix(name: string, index: number): string {
  const plain = name.replace(/[^\w.,=+-]+/g, '_')
  return plain.length <= longest ? plain : `${plain.slice(0, longest)}-${index}`
}
