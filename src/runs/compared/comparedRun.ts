// Runs side by side, from a sweep or chosen by a person, and the facts in a run's resolved recipe, which is not trusted.
import { type Settings, settingText } from '../../recipe/sweep/settings.ts'
import { defaultTask } from '../../catalog/tasks/tasks.ts'
import type { SweepResults, SweepRunState } from './sweepTable.ts'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'
import { parseNm } from '../../catalog/formats/sparsity.ts'

export interface ComparedRun {
  readonly name: string
  /** The shortest unique name, in the field's words. */
  readonly label: string
  readonly facts: RunFacts
  /** By path; what does not differ among the compared runs may be left out. */
  readonly settings: Settings
  readonly state: SweepRunState
  readonly results: SweepResults
  /** Trained parameters in percent of the model's. */
  readonly trainablePercent: number | null
}

/** The result does not depend on where it is saved. */
const isOfOutput = (path: string) => path === 'save' || path.startsWith('save.')

/**
 * Settings, by path, that are not the same in all recipes, in the order of the first that has them. A recipe is null
 * when its resolved form is unknown, as of a run without a report; it has no settings, and makes none of the others'
 * vary.
 */
export function varyingSettings(recipes: readonly (object | null)[]): Record<string, unknown>[] {
  const flat = recipes.map((recipe) => new Map(recipe ? leavesOf(recipe, '') : []))
  const known = flat.filter((_, i) => recipes[i] !== null)
  const paths = [...new Set(known.flatMap((one) => [...one.keys()]))].filter((path) => !isOfOutput(path))
  const varying = paths.filter((path) => new Set(known.map((one) => JSON.stringify(one.get(path)))).size > 1)
  return flat.map((one) =>
    Object.fromEntries(varying.flatMap((path) => (one.has(path) ? [[path, one.get(path)]] : []))),
  )
}

/** Values by path. Descends into maps and lists of maps; a list of plain values is one value. */
function* leavesOf(value: unknown, path: string): Iterable<[string, unknown]> {
  const isList = Array.isArray(value)
  const isPlain = typeof value !== 'object' || value === null
  if (isPlain || (isList && value.every((item) => typeof item !== 'object'))) yield [path, value]
  else for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, path === '' ? key : `${path}.${key}`)
}

/** Facts about a run for the columns of a list of runs. Unknown facts are null or empty. */
export interface RunFacts {
  /** The model's name without its folders. */
  readonly model: string
  /** The share of zeros that was asked for, the mean of a list over the depth. */
  readonly sparsity: number | null
  /** "wanda", "wanda + sparsegpt" */
  readonly method: string
  /** "unstructured", "2:4" */
  readonly pattern: string
  /** "reconstruct", "refit + retrain", "retrain on dense logits"; empty where nothing is recovered. */
  readonly recovery: string
  readonly seed: number | null
  /** The file that perplexity is measured on, without its folders; empty without one. */
  readonly text: string
}

export const unknownFacts: RunFacts = {
  model: '',
  sparsity: null,
  method: '',
  pattern: '',
  recovery: '',
  seed: null,
  text: '',
}

export function runFacts(recipe: object | null): RunFacts {
  if (recipe === null) return unknownFacts
  const { model, seed } = fieldsOf(recipe)
  const { steps, recoveries } = partsOf(recipe)
  const sparsities = steps.map(requestedSparsity)
  return {
    model: typeof model === 'string' ? modelLabel(model) : '',
    // Each pruning step has its own matrices, and the recipe alone does not tell how large they are.
    sparsity: new Set(sparsities).size === 1 ? sparsities[0] : null,
    method: together(steps.map(({ method }) => textOf(method))),
    pattern: together(steps.map(({ pattern }) => textOf(pattern))),
    recovery: together(recoveries.map(modeText)),
    seed: typeof seed === 'number' && Number.isFinite(seed) ? seed : null,
    text: evaluatedText(recipe),
  }
}

/** The first entry that measures perplexity counts, as in a run's results. */
function evaluatedText(recipe: object): string {
  const { evaluate } = fieldsOf(recipe)
  const entries = (Array.isArray(evaluate) ? evaluate : [evaluate]).filter(isRecord)
  const { data } = entries.find(({ task = defaultTask }) => task === defaultTask) ?? {}
  return typeof data === 'string' ? settingText('data', data) : ''
}

function together(parts: readonly string[]): string {
  return [...new Set(parts.filter((part) => part !== ''))].join(' + ')
}

interface RecipeParts {
  readonly steps: readonly Record<string, unknown>[]
  readonly recoveries: readonly Record<string, unknown>[]
}

/** Pruning steps and recoveries as lists. In a recipe, a single recovery needs no list. */
export function partsOf(recipe: object): RecipeParts {
  const { prune, recover } = fieldsOf(recipe)
  const listOf = (value: unknown) => (Array.isArray(value) ? value : [value]).filter(isRecord)
  return { steps: listOf(prune), recoveries: listOf(recover) }
}

/** N/M of a pattern; the mean of a list over the depth; null where neither is known. */
export function requestedSparsity(step: Record<string, unknown>): number | null {
  const nm = patternOf(step)
  if (nm) return nm.n / nm.m
  const numbers = sparsitiesOf(step)
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null
}

/** "2:4", "70 %", "40–60 %" */
export function amountText(step: Record<string, unknown>): string {
  const nm = patternOf(step)
  if (nm) return `${nm.n}:${nm.m}`
  const numbers = sparsitiesOf(step)
  if (numbers.length === 0) return ''
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)].map((share) => Number((100 * share).toPrecision(4)))
  return low === high ? `${low} %` : `${low}–${high} %`
}

/** Ends the description of a retraining whose loss compares with the dense model's logits. */
export const onDenseLogits = 'on dense logits'

/** "reconstruct", "retrain", "retrain on dense logits" */
export function modeText({ mode, loss = 'text' }: Record<string, unknown>): string {
  return mode === 'retrain' && loss !== 'text' ? `retrain ${onDenseLogits}` : textOf(mode)
}

const longestText = 60

/** A string, cut to `longestText`; empty for any other value. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestText) : ''
}

function patternOf({ pattern }: Record<string, unknown>): ReturnType<typeof parseNm> {
  return typeof pattern === 'string' ? parseNm(pattern) : null
}

function sparsitiesOf({ sparsity }: Record<string, unknown>): number[] {
  const values: unknown[] = Array.isArray(sparsity) ? sparsity.slice(0, 1000) : [sparsity]
  return values.filter((value) => typeof value === 'number' && Number.isFinite(value)) as number[]
}
