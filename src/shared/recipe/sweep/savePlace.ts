// Places where the runs of a sweep save: side by side, by their names.
import type { Recipe } from '../schema.ts'
import type { NamedSettings } from './settings.ts'

/** File systems end names at 255 bytes, and the folder's own name comes before. */
const longest = 120

/** `../opt` → `../opt-prune.0.sparsity=0.5`. A run that sets a place itself saves just there. */
export function withOwnPlace(recipe: Recipe, { name, settings }: NamedSettings, index: number): Recipe {
  const { save } = recipe
  if (!save || 'save' in settings) return recipe
  const own = (key: 'to' | 'pruned', path: string) =>
    `save.${key}` in settings ? path : `${path.replace(/[\\/]+$/, '')}-${suffix(name, index)}`
  const pruned = save.pruned === undefined ? {} : { pruned: own('pruned', save.pruned) }
  return { ...recipe, save: { ...save, to: own('to', save.to), ...pruned } }
}

/** A suffix without characters that any file system refuses. A name that is too long ends in the run's number. */
function suffix(name: string, index: number): string {
  const plain = name.replace(/[^\w.,=+-]+/g, '_')
  return plain.length <= longest ? plain : `${plain.slice(0, longest)}-${index}`
}
