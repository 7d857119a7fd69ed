// Short names for runs side by side: from their resolved recipes, their differences in the field's
// words. "wanda 70 % · recon", "alps 2:4 · retrain norm · seed 1".
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { nameOf, settingText, settingWord, valueText, type NamedSettings } from '../../recipe/sweep/settings.ts'
import { amountText, modeText, partsOf, textOf, varyingSettings } from './comparedRun.ts'

export interface NamedRun {
  /** Name of its folder, or in its sweep: shown if the recipe is unknown, and for repeats. */
  readonly name: string
  /** The recipe with all defaults, as far as it is known. */
  readonly recipe: object | null
}

/** A part of a name; empty if this run has none. */
type Part = (recipe: object, index: number) => string

const between = ' · '
const longestValue = 24

/**
 * A name for each, in their order: method, sparsity and recovery where they differ, then the fewest other settings that separate all
 * runs. Runs without differences have all three; repeats are numbered.
 */
export function shortNames(runs: readonly NamedRun[]): string[] {
  const recipes = runs.map(({ recipe }) => recipe)
  const texts = (part: Part) => recipes.map((recipe, i) => (recipe ? part(recipe, i) : ''))
  const known = recipes.filter((recipe) => recipe !== null)
  const differs = (values: readonly string[]) => new Set(values.filter((_, i) => recipes[i] !== null)).size > 1
  const heads = [texts(pruningText), texts(recoveryText(known))]
  const chosen = heads.filter(differs)
  const others = [...detailsOf(recipes), texts(modelText), texts(seedText)].filter(differs)
  const all = countNames([...chosen, ...others])
  const taken = new Set<readonly string[]>(chosen)
  for (let count = countNames([...taken]); count < all;) {
    const [next] = others.filter((one) => !taken.has(one) && countNames([...taken, one]) > count)
    // Two settings together may make names unique when neither does alone.
    const added = next ?? others.find((one) => !taken.has(one))
    taken.add(added)
    count = countNames([...taken])
  }
  // The model, where it is named, comes first; the seed is the last of the others.
  const parts = taken.size === 0 ? heads : [...chosen, ...others.filter((one) => taken.has(one))]
  return numbered(runs.map(({ name, recipe }, i) => (recipe && joined(parts, i)) || name))
}

/** Names of a sweep's runs by their planned recipes: a name that a person gave to a case stays. */
export function plannedNames(runs: readonly (NamedRun & Pick<NamedSettings, 'settings'>)[]): string[] {
  const found = shortNames(runs)
  return runs.map(({ name, settings }, i) => (name === nameOf(Object.entries(settings)) ? found[i] : name))
}

function countNames(parts: readonly (readonly string[])[]): number {
  return new Set((parts[0] ?? []).map((_, i) => joined(parts, i))).size
}

function joined(parts: readonly (readonly string[])[], at: number): string {
  return parts.flatMap((texts) => texts[at] || []).join(between)
}

/** "… #2" for the second of a name. */
function numbered(names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} #${count}`
  })
}

/** "wanda 70 %", "alps 2:4"; several steps are joined by " + ". */
function pruningText(recipe: object): string {
  const steps = partsOf(recipe).steps.map((step) => [textOf(step.method), amountText(step)].filter(Boolean).join(' '))
  return steps.length === 0 ? 'dense' : steps.join(' + ')
}

const modeWords: Readonly<Record<string, string>> = { reconstruct: 'recon' }

/** Names recoveries by their modes, and also by what they train if that distinguishes more runs. */
function recoveryText(recipes: readonly object[]): Part {
  const text = (recipe: object, withTrained: boolean) => {
    const recoveries = partsOf(recipe).recoveries.map((recovery) => {
      const { train } = recovery
      const trained = withTrained && Array.isArray(train) ? train.map(textOf).join('+') : ''
      const word = modeText(recovery)
      return [modeWords[word] ?? word, trained].filter(Boolean).join(' ')
    })
    return recoveries.length === 0 ? 'no recovery' : recoveries.join(' + ')
  }
  const count = (withTrained: boolean) => new Set(recipes.map((recipe) => text(recipe, withTrained))).size
  const withTrained = count(true) > count(false)
  return (recipe) => text(recipe, withTrained)
}

function modelText(recipe: object): string {
  return 'model' in recipe && typeof recipe.model === 'string' ? modelLabel(recipe.model) : ''
}

function seedText(recipe: object): string {
  return 'seed' in recipe ? seedEnd(recipe.seed) : ''
}

/** The last part of a name: its seed. */
function seedEnd(seed: unknown): string {
  return `seed ${valueText(seed)}`
}

/** A label without its seed: the name of all runs that differ only by their seed. */
export function withoutSeed(label: string, seed: number | null): string {
  const end = `${between}${seedEnd(seed)}`
  return label.endsWith(end) ? label.slice(0, -end.length) : label
}

/** Settings that the parts above show, or that do not change the result. */
const toldElsewhere =
  /^(model|seed|version|save\b.*|prune\.\d+\.(method|sparsity|pattern)|recover\.(\d+\.)?(mode|train))$/
/** What changes the numbers that are reported, and not the model. */
const isProtocol = (path: string) => /^(evaluate|precision)\b/.test(path)

/** "lr 0.001", "rank 16", "calibration windows 64": a part for each other setting that differs, those of the protocol last. */
function detailsOf(recipes: readonly (object | null)[]): string[][] {
  const settings = varyingSettings(recipes)
  const paths = [...new Set(settings.flatMap((one) => Object.keys(one)))].filter((path) => !toldElsewhere.test(path))
  const ordered = [...paths.filter((path) => !isProtocol(path)), ...paths.filter(isProtocol)]
  return ordered.map((path) => {
    return settings.map((one) => (path in one ? `${wordsOf(path)} ${briefly(path, one[path])}` : ''))
  })
}

/** Words for settings of pruning steps and recoveries are clear alone; those of calibration and evaluation name their section. */
function wordsOf(path: string): string {
  const words = path.split('.').filter((word) => !/^\d+$/.test(word))
  const last = settingWord(path)
  return words[0] === 'calibration' || words[0] === 'evaluate' ? `${words[0]} ${last}` : last
}

function briefly(path: string, value: unknown): string {
  const text = settingText(path, value)
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text
}
