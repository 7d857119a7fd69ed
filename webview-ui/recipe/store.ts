// What the form of a recipe knows: the choices, the text that they make, and what that text comes to.
import { computed, signal } from '@preact/signals'
import { formatBytes, plural, roughDuration } from '../../src/formatting/numbers.ts'
import type { PlannedProblem, PlannedText } from '../../src/plan/planSummary.ts'
import type { MethodName } from '../../src/catalog/methods/methods.ts'
import type { RecipeStart, ToRecipe } from '../../src/protocol/view.ts'
import { bytesPerToken } from '../../src/plan/textTokens.ts'
import { unstructured } from '../../src/recipe/defaults.ts'
import type { Field } from '../../src/recipe/settings/row.ts'
import { freeOutput } from '../../src/recipe/writing/choices.ts'
import { looksAtText, recipeText, trains } from '../../src/recipe/writing/recipeText.ts'
import type { Comparison, RecipeChoices } from '../../src/recipe/writing/recipeText.ts'
import type { PageMessage } from '../shared/page.tsx'
import { percentages, rates, wholeNumbers } from './numberLists.ts'

/** What varies among the runs; null: there is one run. */
export type Compared = Comparison['path'] | null

/** What a person has chosen, as a reload of the window keeps it. */
export interface Form {
  readonly choices: RecipeChoices
  readonly compared: Compared
  /** As they are written: percentages, learning rates, whole numbers. */
  readonly sparsities: string
  readonly rates: string
  readonly seeds: string
  readonly methods: readonly MethodName[]
  /** null: as suggested. */
  readonly output: string | null
  readonly texts: readonly string[]
  /** Bytes of texts, where they are known. */
  readonly sizes: Readonly<Record<string, number>>
}

export const start = signal<RecipeStart | null>(null)
export const form = signal<Form | null>(null)
const planned = signal<Extract<ToRecipe, { type: 'planned' }> | null>(null)

export function change(part: Partial<Form>): void {
  if (form.value) form.value = { ...form.value, ...part }
}

export function choose(part: Partial<RecipeChoices>): void {
  if (form.value) change({ choices: { ...form.value.choices, ...part } })
}

/** `kept`: the form as it was before a reload. */
export function begin(next: RecipeStart, kept: Form | null): void {
  start.value = next
  planned.value = null
  form.value = {
    choices: next.choices,
    compared: null,
    sparsities: '40, 50, 60',
    rates: '2e-4, 5e-4, 2e-3',
    seeds: '0, 1, 2',
    methods: [],
    output: null,
    texts: next.texts,
    ...kept,
    sizes: { ...kept?.sizes, ...next.sizes },
  }
}

export function receive(message: PageMessage<ToRecipe>): void {
  switch (message.type) {
    case 'start':
      return begin(message, null)
    case 'planned':
      return void (planned.value = message)
    case 'browsed':
      if (message.use !== 'adapter' && !form.value?.texts.includes(message.path))
        change({ texts: [...(form.value?.texts ?? []), message.path] })
      if (message.bytes !== null) change({ sizes: { ...form.value?.sizes, [message.path]: message.bytes } })
      return choose({ [message.use]: message.path })
  }
}

/** The runs side by side; undefined: there is one, or the values are none yet. */
function comparison({ compared, sparsities, seeds, methods, rates: written }: Form): Comparison | undefined {
  switch (compared) {
    case null:
      return undefined
    case 'prune.0.sparsity':
      return { path: compared, values: percentages(sparsities) ?? [] }
    case 'recover.lr':
      return { path: compared, values: rates(written) ?? [] }
    case 'seed':
      return { path: compared, values: wholeNumbers(seeds) ?? [] }
    case 'prune.0.method':
      return { path: compared, values: methods }
  }
}

/** The choices as the recipe takes them. */
export const settled = computed<RecipeChoices | null>(() => {
  if (!form.value || !start.value) return null
  const { choices, output, sizes } = form.value
  const { name, taken } = start.value
  const compare = comparison(form.value)
  const suggested = () => freeOutput(name, choices, (path) => taken.includes(path.slice(2)))
  const bytes = choices.evaluateOn === null ? undefined : sizes[choices.evaluateOn]
  const evaluationTokens = bytes === undefined ? null : bytes / bytesPerToken
  return { ...choices, evaluationTokens, compare, saveTo: output ?? suggested() }
})
export const text = computed(() => (settled.value ? recipeText(settled.value) : ''))
/** The recipe looks at a text to calibrate or to train on. */
export const needsText = computed(() => settled.value !== null && looksAtText(settled.value))

/** What a comparison takes, by its path. */
const comparable: Readonly<Record<Comparison['path'], string>> = {
  'prune.0.sparsity': 'Two or more different percentages, more than 0 and less than 100.',
  'prune.0.method': 'Choose two methods or more.',
  'recover.lr': 'Two or more different rates above 0, such as 5e-4.',
  seed: 'Two or more different whole numbers, 0 or more.',
}

/** What keeps the choices from being a recipe, by field. */
const mistakes = computed(() => {
  const found = new Map<Field, string>()
  const all = settled.value
  if (!all || !start.value) return found
  const { sparsity, pattern, compare, method, recoveries, adapter, train, saveTo, samples, seqLen, steps } = all
  const { data, secondData } = all
  const prunes = method !== null
  if (prunes && pattern === unstructured && !(sparsity > 0 && sparsity < 1))
    found.set('sparsity', 'More than 0 and less than 100 %.')
  if (compare?.path === 'recover.lr' && !trains(recoveries)) found.set('compared', 'Choose a recovery that trains.')
  else if (compare && compare.values.length < 2) found.set('compared', comparable[compare.path])
  if (needsText.value && data === null) found.set('data', 'Choose a text to calibrate or train on.')
  if (needsText.value && data !== null && secondData === data)
    found.set('secondData', 'Choose another text than the first.')
  if (recoveries.includes('merge') && !adapter?.trim()) found.set('adapter', 'Choose the folder of the adapter.')
  if (trains(recoveries) && train.length === 0) found.set('train', 'Choose at least one.')
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1
  if (trains(recoveries) && !isCount(steps)) found.set('steps', 'A whole number, 1 or more.')
  if (needsText.value && !(isCount(samples) && isCount(seqLen))) found.set('windows', 'Whole numbers, 1 or more.')
  if (saveTo.trim() === '') found.set('output', 'A folder is needed.')
  else if (start.value.taken.includes(saveTo.replace(/^\.\//, '').replace(/\/+$/, '')))
    found.set('output', 'It exists already, and nothing is ever overwritten.')
  return found
})

/** The plan of what is shown; null: it is being made, or cannot be. */
export const plan = computed<PlannedText | null>(() => (planned.value?.text === text.value ? planned.value.plan : null))
/** Why there is no plan; null: there is one, or it is being made. */
export const planProblem = computed(() => (planned.value?.text === text.value ? planned.value.problem : null))
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
export const isComplete = computed(() => settled.value !== null && mistakes.value.size === 0)
export const canRun = computed(() => isComplete.value && plan.value !== null && plan.value.errors.length === 0)
/** In a line: what keeps it from running, or what a run takes. */
export const summary = computed(() => {
  const wrong = [...problems.value.values()].flat().filter(({ severity }) => severity === 'error').length
  if (plan.value && canRun.value) {
    const { seconds, memoryBytes } = plan.value.estimates
    const runs = settled.value?.compare?.values.length ?? 1
    const time = seconds === null ? [] : [`about ${roughDuration(seconds * runs)}`]
    return [...time, formatBytes(memoryBytes)].join(', ')
  }
  return wrong > 0 ? `${plural(wrong, 'problem')} above.` : (planProblem.value ?? '')
})
