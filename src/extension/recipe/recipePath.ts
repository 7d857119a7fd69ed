// How a path stands in a recipe.
import { isAbsolute, join, relative } from 'node:path'

/** Relative where that is short, with forward slashes: recipes travel between systems. */
export function toRecipePath(folder: string, path: string): string {
  const way = relative(folder, path)
  const far = way === '' || isAbsolute(way) || way.startsWith(join('..', '..'))
  if (far) return path
  return (way.startsWith('..') ? way : `./${way}`).replaceAll('\\', '/')
}
