// Whether a recipe has a place for a setting, and which path was probably meant where it has none.
import type * as z from 'zod'
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
  /** The path is there, the value is none for it. `why`: where the format has a rule of its own. */
  | { readonly kind: 'bad-value'; readonly why: string | null }

/** null: the recipe, a valid one, is valid with the setting too. */
export function wrongSetting(recipe: unknown, path: string, value: unknown): WrongSetting | null {
  const keys = path.split('.')
  const sweeps = keys[0] === 'sweep'
  const changed = sweeps ? null : withSetting(recipe, path, value)
  const parsed = changed === null ? null : recipeSchema.safeParse(changed)
  if (parsed?.success) return null
  const places = keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key))
  const parent = places.slice(0, -1)
  const last = keys[keys.length - 1]
  const known = Object.keys(propertiesAt(parent) ?? {})
  if (!sweeps && known.includes(last))
    return parsed ? { kind: 'bad-value', why: ruleOf(parsed.error) } : { kind: 'no-such-place' }
  const words = parent.length === 0 ? [...known, ...sweepWords] : known
  const meant = sweeps ? null : nearest(last, words)
  return { kind: 'no-such-path', meant: meant === null ? null : [...keys.slice(0, -1), meant].join('.') }
}

function ruleOf({ issues }: z.ZodError): string | null {
  const own = issues.find(({ code }) => code === 'custom')
  return own ? `${own.path.join('.')}: ${own.message}` : null
}
