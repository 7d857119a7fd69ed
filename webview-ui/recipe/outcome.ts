// The outcome of the choices: the plans of their text and of the presets, their problems, and a summary line.
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
import type { ToRecipe } from '../../src/protocol/view.ts'
import { spreadIn } from '../../src/recipe/writing/choices.ts'
import { chainTitle } from './options.ts'
import { form, lacksText, needsText, offered, toWrite, trains, written } from './store.ts'

type Planned = Extract<ToRecipe, { type: 'planned' }>
/** Plans by the text of their recipe. */
const planned = signal<ReadonlyMap<string, Planned>>(new Map())

/** Stores a plan, and drops plans of texts that are no longer shown or offered. */
export function keepPlan(message: Planned): void {
  const known = [...planned.value, [message.text, message] as const]
  planned.value = new Map(known.filter(([one]) => wanted.value.includes(one)))
}

export function forgetPlans(): void {
  planned.value = new Map()
}

/** Recipe texts whose plans are shown: that of the form, and that of each preset that fits. */
export const wanted = computed<readonly string[]>(() => {
  const [own, ...presets] = written.value?.texts ?? []
  if (own === undefined || form.value === null) return []
  const hasText = form.value.choices.calibration.data.length > 0
  const fitting = presets.filter((_, i) => hasText && offered.value.at(i)?.preset.fits)
  return [...new Set([...fitting, ...(lacksText.value ? [] : [own])])]
})
export const isPlanned = (one: string) => planned.value.has(one)
/** A rough estimate for one run of the `i`-th preset on this machine; null: unknown, or not computed yet. */
export const secondsOf = (i: number) =>
  planned.value.get(written.value?.texts.at(i + 1) ?? '')?.plan?.estimates.seconds ?? null

export const text = computed(() => written.value?.texts[0] ?? '')
/** The plan of the shown text; null: it is being made, or cannot be made. */
export const plan = computed<PlannedText | null>(() => planned.value.get(text.value)?.plan ?? null)
/** Why there is no plan; null: there is one, or it is being made. */
export const planProblem = computed(() => planned.value.get(text.value)?.problem ?? null)

/** Errors and warnings by field. An error prevents the run, a warning does not. */
export const problems = computed<ReadonlyMap<string, readonly Omit<PlannedProblem, 'field'>[]>>(() => {
  const message = 'Choose a text to calibrate or train on.'
  if (lacksText.value) return new Map([['calibration.data', [{ severity: 'error', message }]]])
  // Any problem of the output folder, such as that it already exists, prevents saving.
  const all = plan.value?.problems.map((one) =>
    one.field === 'save.to' ? { ...one, severity: 'error' as const } : one,
  )
  return new Map((all ?? []).map(({ field }) => [field, (all ?? []).filter((one) => one.field === field)]))
})
const counted = (severity: PlannedProblem['severity']) =>
  [...problems.value.values()].flat().filter((one) => one.severity === severity).length
/** Also while a plan is being made, so that no click is lost. A run that begins then finds its errors itself. */
export const canRun = computed(() => text.value !== '' && planProblem.value === null && counted('error') === 0)
export const runs = computed(() => toWrite.value.at(0)?.compare?.values.length ?? 1)

/** One line: the number of errors, or the time of all runs and the memory of one. */
export const summary = computed(() => {
  if (counted('error') > 0) return `${plural(counted('error'), 'problem')} above.`
  if (!plan.value) return planProblem.value ?? 'Estimating…'
  const { seconds, memoryBytes } = plan.value.estimates
  const time = seconds === null ? [] : [`about ${roughDuration(seconds * runs.value)}`]
  return [...time, `${formatBytes(memoryBytes)} of memory`].join(', ')
})

const outsideDetails: readonly string[] = ['prune.sparsity', 'calibration.data', 'evaluate.data']
/** Whether a field of the details has an error. */
export const isDetailWrong = computed(() =>
  [...problems.value].some(
    ([field, found]) => !outsideDetails.includes(field) && found.some(({ severity }) => severity === 'error'),
  ),
)
/** The values of the details, in one line. */
export const detailsLine = computed(() => {
  const choices = toWrite.value.at(0)
  if (!choices) return ''
  const { prune, recover, compare } = choices
  const fields = written.value?.fields ?? {}
  const steps = fields['recover.steps']
  const spread = spreadIn(choices)
  const { train = [] } = recover.at(-1) ?? {}
  const isPreset = offered.value.some(({ isChosen }) => isChosen)
  return [
    ...(prune === null || isPreset ? [] : [`${methodOf(prune.method).title}, ${chainTitle(recover)}`]),
    ...(needsText.value ? [`${fields['calibration.samples']} windows of ${fields['calibration.seq_len']}`] : []),
    ...(spread === defaultAllocation ? [] : [howSpread(spread)]),
    ...(trains(recover) && steps !== undefined ? [`trains ${andList(train)}`, `${steps} steps`] : []),
    ...(compare?.path === 'seed' ? [] : ['seed 0']),
    `sweep: ${compare ? plural(runs.value, 'run') : 'off'}`,
    ...(counted('warning') > 0 ? [plural(counted('warning'), 'warning')] : []),
  ].join(' · ')
})

/** A plan as terms and texts; all but the last describe one run. */
export function planFacts(plan: PlanSummary): [term: string, text: string][] {
  const { percentage, trainable, parameters, prunedModules } = plan
  const { seconds, secondsToPruneAgain, memoryBytes, diskBytes } = plan.estimates
  const time = (value: number) => (seconds === null || value === 0 ? null : roughDuration(value))
  const share = `${formatCount(trainable)} of ${formatCompact(parameters)}, ${formatTrained(percentage, 3)}`
  const all: [string, string | null][] = [
    ['time, estimated', time(seconds ?? 0)],
    ['of that, a second pruning for the pruned perplexity', time(secondsToPruneAgain)],
    ['memory, estimated', formatBytes(memoryBytes)],
    ['disk, estimated', formatBytes(diskBytes)],
    ['modules to prune', prunedModules > 0 ? formatCount(prunedModules) : null],
    ['trained', trainable > 0 ? share : null],
    ['time of all runs', runs.value > 1 ? time((seconds ?? 0) * runs.value) : null],
  ]
  return all.flatMap(([term, text]) => (text === null ? [] : [[term, text]]))
}
