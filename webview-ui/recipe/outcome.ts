// What the choices come to: the plans of their text and of the presets, what is wrong with them, and both in a line.
import { computed, signal } from '@preact/signals'
import { defaultAllocation, howSpread } from '../../src/catalog/allocations/allocations.ts'
import { methodOf } from '../../src/catalog/methods/methods.ts'
import { andList } from '../../src/formatting/lists.ts'
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatTrained,
  plural,
  roughDuration,
} from '../../src/formatting/numbers.ts'
import type { PlannedProblem, PlannedText, PlanSummary } from '../../src/plan/planSummary.ts'
import type { RecipeStart, ToRecipe } from '../../src/protocol/view.ts'
import type { Field } from '../../src/recipe/settings/row.ts'
import { type Preset, presetsFor } from '../../src/recipe/writing/choices.ts'
import { choosesLoss, type RecipeChoices, recipeText, spreadIn, trains } from '../../src/recipe/writing/recipeText.ts'
import { choose, form, type Form, isComplete, mistakes, needsText, settle, settled, start, text } from './store.ts'
import type { Tile } from '../shared/parts.tsx'

type Planned = Extract<ToRecipe, { type: 'planned' }>
/** By text. */
const planned = signal<ReadonlyMap<string, Planned>>(new Map())

/** A plan of a text that is no longer shown or offered is dropped. */
export function keepPlan(message: Planned): void {
  const known = [...planned.value, [message.text, message] as const]
  planned.value = new Map(known.filter(([one]) => wanted.value.includes(one)))
}

export function forgetPlans(): void {
  planned.value = new Map()
}

export interface Offer {
  readonly preset: Preset
  readonly isChosen: boolean
  /** A rough estimate for one run on this machine; null: not known, or not yet. */
  readonly seconds: number | null
}

const withPreset = ({ method, recoveries, loss }: Preset, { choices }: Form, { choices: first }: RecipeStart) => ({
  ...choices,
  ...{ method, recoveries, loss, train: first.train },
})

export function choosePreset(preset: Preset): void {
  if (form.value && start.value) choose(withPreset(preset, form.value, start.value))
}

/** Each preset, with the text of its recipe; null: there is no text to calibrate and train on, or not enough memory. */
const presets = computed(() => {
  const [now, known] = [form.value, start.value]
  if (!now || !known) return []
  return presetsFor(known.canRetrain).map((preset) => {
    const choices = withPreset(preset, now, known)
    const isComplete = preset.fits && choices.data !== null
    return { preset, choices, text: isComplete ? recipeText(settle(choices, now, known)) : null }
  })
})
export const offered = computed<readonly Offer[]>(() =>
  presets.value.map(({ preset, choices, text: one }) => ({
    preset,
    isChosen: form.value !== null && isSame(choices, form.value.choices),
    seconds: (one !== null && planned.value.get(one)?.plan?.estimates.seconds) || null,
  })),
)

/** Two choices recover alike; how many steps and windows is left to both. */
function isSame(a: RecipeChoices, b: RecipeChoices): boolean {
  const of = (one: RecipeChoices) => [
    ...[one.method, ...one.recoveries, ' '],
    ...(trains(one.recoveries) ? one.train : []),
    ...(choosesLoss(one) ? [one.loss] : []),
  ]
  return of(a).join() === of(b).join()
}

/** Texts whose plans are shown: that of the form, and of each preset. */
export const wanted = computed<readonly string[]>(() => {
  if (!isComplete.value) return []
  const ofPresets = start.value?.kind === 'prune' ? presets.value.flatMap(({ text: one }) => one ?? []) : []
  return [...new Set([...ofPresets, text.value])]
})
export const isPlanned = (one: string) => planned.value.has(one)

/** The plan of what is shown; null: it is being made, or cannot be. */
export const plan = computed<PlannedText | null>(() => planned.value.get(text.value)?.plan ?? null)
/** Why there is no plan; null: there is one, or it is being made. */
export const planProblem = computed(() => planned.value.get(text.value)?.problem ?? null)
/** An error keeps the recipe from running, a warning does not. */
export type FieldProblem = Omit<PlannedProblem, 'field'>

/** What is wrong or doubtful, by field: the form's own, else what the planner says of the text. */
export const problems = computed(() => {
  const severity = 'error'
  const all = new Map<Field, FieldProblem[]>(
    [...mistakes.value].map(([field, message]) => [field, [{ severity, message }]]),
  )
  if (all.size > 0) return all
  for (const { field, ...problem } of plan.value?.problems ?? []) {
    all.set(field, [...(all.get(field) ?? []), problem])
  }
  return all
})
export const canRun = computed(() => isComplete.value && plan.value !== null && plan.value.errors.length === 0)
/** In a line: what keeps it from running, or what a run takes. */
export const summary = computed(() => {
  const wrong = [...problems.value.values()].flat().filter(({ severity }) => severity === 'error').length
  if (plan.value && canRun.value) {
    const { seconds, memoryBytes } = plan.value.estimates
    const runs = settled.value?.compare?.values.length ?? 1
    const time = seconds === null ? [] : [`about ${roughDuration(seconds * runs)}`]
    return [...time, `${formatBytes(memoryBytes)} of memory`].join(', ')
  }
  return wrong > 0 ? `${plural(wrong, 'problem')} above.` : (planProblem.value ?? 'Estimating…')
})

const outsideDetails: readonly Field[] = ['sparsity', 'data', 'evaluation']
/** There is an error in a field of the details. */
export const isDetailWrong = computed(() =>
  [...problems.value].some(
    ([field, found]) => !outsideDetails.includes(field) && found.some(({ severity }) => severity === 'error'),
  ),
)
/** The values of the details in a line. */
export const detailsLine = computed(() => {
  const all = settled.value
  if (!all) return ''
  const { method, samples, seqLen, recoveries, train, steps, compare } = all
  const doubts = [...problems.value.values()].flat().filter(({ severity }) => severity === 'warning').length
  const spread = spreadIn(all)
  const isPreset = offered.value.some(({ isChosen }) => isChosen)
  return [
    ...(method === null || isPreset ? [] : [[methodOf(method).title, ...recoveries].join(' → ')]),
    ...(needsText.value ? [`${samples} windows of ${seqLen}`] : []),
    ...(method === null || spread === defaultAllocation ? [] : [spread === 'tried' ? 'by depth' : howSpread(spread)]),
    ...(trains(recoveries) ? [`trains ${andList(train)}`, `${steps} steps`] : []),
    ...(plan.value ? [`${formatBytes(plan.value.estimates.memoryBytes)} of memory`] : []),
    ...(compare?.path === 'seed' ? [] : ['seed 0']),
    `sweep: ${compare ? `${compare.values.length} runs` : 'off'}`,
    ...(doubts > 0 ? [plural(doubts, 'warning')] : []),
  ].join(' · ')
})

// What a plan comes to, in tiles.
/** `runs`: how many of them there are side by side; all but the last tile are of one. */
export function planTiles(plan: PlanSummary, runs = 1): Tile[] {
  const { percentage, trainable, parameters, prunedModules, recoveries } = plan
  const { seconds, secondsToPruneAgain, memoryBytes, diskBytes } = plan.estimates
  const trained = `trained: ${formatCount(trainable)} of ${formatCompact(parameters)}`
  const again = 'of it to prune once more, for a pruned perplexity'
  return [
    ...(seconds === null ? [] : [[roughDuration(seconds), 'time, estimated'] as const]),
    [formatBytes(memoryBytes), 'memory, estimated'],
    [formatBytes(diskBytes), 'disk, estimated'],
    [formatCount(prunedModules), 'matrices to prune'],
    ...(recoveries.length > 0 ? [[formatTrained(percentage), trained] as const] : []),
    ...(seconds !== null && secondsToPruneAgain > 0 ? [[roughDuration(secondsToPruneAgain), again] as const] : []),
    ...(seconds !== null && runs > 1 ? [[roughDuration(seconds * runs), 'time of all'] as const] : []),
  ]
}
