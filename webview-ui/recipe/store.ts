// What the form of a recipe knows: the choices, the text that they make, and what keeps them from being a recipe.
import { computed, signal } from '@preact/signals'
import { defaultMethod, type MethodName } from '../../src/catalog/methods/methods.ts'
import type { RecipeStart, TextUse, ToRecipe } from '../../src/protocol/view.ts'
import { bytesPerToken } from '../../src/plan/textTokens.ts'
import { unstructured } from '../../src/recipe/defaults.ts'
import type { Field } from '../../src/recipe/settings/row.ts'
import { balanced, freeOutput } from '../../src/recipe/writing/choices.ts'
import {
  looksAtText,
  recipeText,
  trains,
  type Comparison,
  type RecipeChoices,
} from '../../src/recipe/writing/recipeText.ts'

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

export function change(part: Partial<Form>): void {
  if (form.value) form.value = { ...form.value, ...part }
}

export function choose(part: Partial<RecipeChoices>): void {
  if (form.value) change({ choices: { ...form.value.choices, ...part } })
}

/** Where nothing was calibrated or trained for want of a text, the first text brings back the preset that a recipe begins with. */
export function chooseText(use: TextUse, path: string | null): void {
  if (!form.value || !start.value) return
  const { method, recoveries, data } = form.value.choices
  const wanted = use === 'data' && data === null && method === defaultMethod && recoveries.length === 0
  choose({ [use]: path, ...(path !== null && wanted ? balanced(start.value.canRetrain) : {}) })
}

/** `kept`: the form as it was before a reload. */
export function begin(next: RecipeStart, kept: Form | null): void {
  start.value = next
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

/** A person found a text, or the folder of an adapter, on the disk. */
export function browsed({ use, path, bytes }: Extract<ToRecipe, { type: 'browsed' }>): void {
  const texts = form.value?.texts ?? []
  if (use !== 'adapter' && !texts.includes(path)) change({ texts: [...texts, path] })
  if (bytes !== null) change({ sizes: { ...form.value?.sizes, [path]: bytes } })
  if (use === 'adapter') choose({ adapter: path })
  else chooseText(use, path)
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

/** Choices as the recipe takes them. */
export function settle(choices: RecipeChoices, all: Form, { name, taken }: RecipeStart): RecipeChoices {
  const { output, sizes } = all
  const suggested = () => freeOutput(name, choices, (path) => taken.includes(path.slice(2)))
  const bytes = choices.evaluateOn === null ? undefined : sizes[choices.evaluateOn]
  const evaluationTokens = bytes === undefined ? null : bytes / bytesPerToken
  return { ...choices, evaluationTokens, compare: comparison(all), saveTo: output ?? suggested() }
}

export const settled = computed<RecipeChoices | null>(() =>
  form.value && start.value ? settle(form.value.choices, form.value, start.value) : null,
)
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
export const mistakes = computed(() => {
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

export const isComplete = computed(() => settled.value !== null && mistakes.value.size === 0)

// Lists of numbers as people write them: percentages, learning rates, seeds.

/** `40, 50 %` as shares; null: one of them is none, or is there twice. */
export function percentages(text: string): number[] | null {
  const shares = numbersIn(text.replaceAll('%', ' '))?.map(shareOf) ?? null
  return shares?.every((share) => share > 0 && share < 1) ? shares : null
}

/** Percent as a share, without the digits that a division adds. */
export function shareOf(percent: number): number {
  return Number((percent / 100).toFixed(6))
}

export function wholeNumbers(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : null
}

/** `2e-4, 5e-4`; null: one of them is no rate, or is there twice. */
export function rates(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => value > 0) ? values : null
}

function numbersIn(text: string): number[] | null {
  const parts = text.split(/[,;\s]+/).filter((one) => one !== '')
  const values = parts.map(Number)
  return values.every(Number.isFinite) && new Set(values).size === values.length ? values : null
}
