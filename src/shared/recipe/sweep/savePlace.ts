// Places where the runs of a sweep write: side by side, by their names.
import type { Recipe } from '../schema.ts'
import type { NamedSettings } from './settings.ts'

/** File systems end names at 255 bytes, and the folder's own name comes before. */
const longest = 120

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

/**
 * What the places of each run end in: its name without characters that any file system refuses. One that is too long, or as a
 * file system may see it the same as an earlier one, ends in the run's number.
 */
export function suffixesOf(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, index) => {
    const plain = name.replace(/[^\p{L}\p{N}_.,=+-]+/gu, '_')
    const short = cut(plain)
    const isOwn = short === plain && !taken.has(short.toLowerCase())
    const suffix = isOwn ? plain : `${short}-${index}`
    taken.add(suffix.toLowerCase())
    return suffix
  })
}

const utf8 = new TextEncoder()

/** The longest start that takes no more bytes than a name may have. */
function cut(text: string): string {
  let [kept, bytes] = ['', 0]
  for (const letter of text) {
    bytes += utf8.encode(letter).length
    if (bytes > longest) return kept
    kept += letter
  }
  return kept
}
