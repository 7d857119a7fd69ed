// Whether a recipe has a place for a setting, and which path was probably meant where it has none.
import { propertiesAt } from '../jsonSchema.ts'
import { nearest } from '../nearest.ts'
import { withSetting } from '../overrides.ts'
import { recipeSchema } from '../schema.ts'
import { sweepWords } from '../sweepSchema.ts'

export type WrongSetting =
  /** `meant`: the nearest path that there is. */
  | { readonly kind: 'no-such-path'; readonly meant: string | null }
  /** The format has the path, this recipe no such item. */
  | { readonly kind: 'no-such-place' }
  /** The path is there, the value is none for it. */
  | { readonly kind: 'bad-value' }

/** null: the recipe, a valid one, is valid with the setting too. */
export function wrongSetting(recipe: unknown, path: string, value: unknown): WrongSetting | null {
  const keys = path.split('.')
  const sweeps = keys[0] === 'sweep'
  const changed = sweeps ? null : withSetting(recipe, path, value)
  if (changed !== null && recipeSchema.safeParse(changed).success) return null
  const places = keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key))
  const parent = places.slice(0, -1)
  const last = keys[keys.length - 1]
  const known = Object.keys(propertiesAt(parent) ?? {})
  if (!sweeps && known.includes(last)) return { kind: changed === null ? 'no-such-place' : 'bad-value' }
  const words = parent.length === 0 ? [...known, ...sweepWords] : known
  const meant = sweeps ? null : nearest(last, words)
  return { kind: 'no-such-path', meant: meant === null ? null : [...keys.slice(0, -1), meant].join('.') }
}
