// The text of a recipe that New Recipe and the form of Prune… write: complete, commented, ready to be changed and run again.
import { flowText } from '../edits.ts'
import type { Path } from '../document.ts'
import { resolveRecipe } from '../resolve.ts'
import type { Recipe } from '../schema.ts'
import { fieldAt } from '../settings/fields.ts'
import { mapsOf, type SettingsMap } from '../settings/recipe.ts'
import type { RecipeChoices } from './choices.ts'

/** YAML 1.2: the form's settings and those that differ from the default, in the order of the rows, without those that have no effect. */
export function recipeText(recipe: Recipe): string {
  const maps = new Map(mapsOf(recipe, resolveRecipe(recipe), {}).map((map) => [map.path.join('.'), map]))
  const lines = [
    '# What to prune, how to recover it, where to save it. Hover a key to see what it means.',
    ...linesOf(maps, []),
    ...(recipe.evaluate ? [] : ['# evaluate: name a held-out text here to see perplexity before and after.']),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf(maps: ReadonlyMap<string, SettingsMap>, path: Path): string[] {
  return writtenIn(maps.get(path.join('.'))).flatMap(({ key, value, remark }) => {
    const end = remark === undefined ? '' : ` # ${remark}`
    const place = [...path, key]
    const linesAt = (at: Path) => linesOf(maps, at).map((line) => `  ${line}`)
    if (maps.has(place.join('.'))) return [`${key}:${end}`, ...linesAt(place)]
    if (Array.isArray(value) && maps.has([...place, 0].join('.')))
      return [
        `${key}:${end}`,
        ...value.flatMap((_, i) => linesAt([...place, i]).map((line, n) => `  ${n === 0 ? `- ${line.trim()}` : line}`)),
      ]
    if (path.length > 0 || typeof value !== 'object' || value === null) return [`${key}: ${flowText(value)}${end}`]
    return [`${key}:${end}`, ...Object.entries(value).map(([name, inner]) => `  ${name}: ${flowText(inner)}`)]
  })
}

interface WrittenSetting {
  readonly key: string
  readonly value: unknown
  readonly remark: string | undefined
}

function writtenIn(map: SettingsMap | undefined): WrittenSetting[] {
  if (!map) return []
  const given = new Map<string, unknown>(Object.entries(map.written))
  const known = map.known as never
  return Object.entries(map.rows).flatMap(([key, row]) => {
    const value = given.get(key)
    if (value === undefined || row.appliesWhen(known, value) !== true) return []
    const isUsual = JSON.stringify(value) === JSON.stringify(row.resolve(undefined, known))
    if (isUsual && row.field === undefined && row.required !== true) return []
    return [{ key, value, remark: row.remark(known, value) }]
  })
}

/** Resolved values of settings that have an effect here, written or not, by path of the form's field. A field's own row has priority. */
export function fieldsIn(recipe: Recipe): Record<string, unknown> {
  const found = mapsOf(recipe, resolveRecipe(recipe), {}).flatMap(({ path, rows, written, known }) => {
    const [given, all] = [written, known].map((map) => new Map<string, unknown>(Object.entries(map)))
    return Object.entries(rows).flatMap(([key, row]) => {
      const isOwn = typeof row.field === 'object'
      // At the top level, only fields of a setting itself count: those of a map are found among its own keys.
      if (!(isOwn || (path.length > 0 && row.field !== undefined))) return []
      if (row.appliesWhen(known as never, given.get(key)) !== true) return []
      return [{ isOwn, entry: [fieldAt([...path, key]), all.get(key)] as const }]
    })
  })
  const of = (own: boolean) => found.flatMap(({ isOwn, entry }) => (isOwn === own ? [entry] : []))
  return Object.fromEntries([...of(false), ...of(true)])
}

export interface WrittenChoices {
  /** In the order of the choices. */
  readonly texts: string[]
  /** Where the first choices are saved, and the resolved values of fields whose settings would have an effect with a text. */
  readonly saveTo: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** The recipe texts of all choices, and what the form shows of the first. `write`: the recipe of choices, and where it is saved. */
export function writtenChoices(
  all: readonly RecipeChoices[],
  write: (choices: RecipeChoices) => { recipe: Recipe; saveTo: string },
): WrittenChoices {
  const [first] = all
  const { data } = first.calibration
  const asked = { ...first, calibration: { ...first.calibration, data: data.length > 0 ? data : ['text.txt'] } }
  return {
    texts: all.map((choices) => recipeText(write(choices).recipe)),
    saveTo: write(first).saveTo,
    fields: fieldsIn(write(asked).recipe),
  }
}
