// State of the recipe form: the choices, the texts that the host makes of them, and their problems.
import { computed, signal } from '@preact/signals'
import { defaultMethod, type MethodName } from '../../src/catalog/methods/methods.ts'
import type { BrowsedFor, RecipeStart, ToRecipe } from '../../src/protocol/view.ts'
import { isTraining } from '../../src/recipe/modes.ts'
import { chainFor } from '../../src/recipe/measured.ts'
import {
  presetsFor,
  withTrain,
  type Comparison,
  type Preset,
  type RecipeChoices,
} from '../../src/recipe/writing/choices.ts'

/** The setting that a sweep varies; null: there is one run. */
export type Compared = Comparison['path'] | null

/** The user's choices, which survive a reload of the window. */
export interface Form {
  readonly choices: RecipeChoices
  readonly compared: Compared
  /** Values of the sweep as typed: percentages, learning rates, whole numbers. */
  readonly values: Readonly<Partial<Record<Comparison['path'], string>>>
  readonly methods: readonly MethodName[]
  readonly texts: readonly string[]
}

export const start = signal<RecipeStart | null>(null)
export const form = signal<Form | null>(null)
/** The recipe texts that the host wrote last. */
export const written = signal<Extract<ToRecipe, { type: 'written' }> | null>(null)

export function change(part: Partial<Form>): void {
  if (form.value) form.value = { ...form.value, ...part }
}

export function choose(part: Partial<RecipeChoices>): void {
  if (!form.value) return
  const choices = { ...form.value.choices, ...part }
  const { compared } = form.value
  // A recovery without training has no learning rate.
  change({ choices, compared: compared === 'recover.lr' && !trains(choices.recover) ? null : compared })
}

/** `kept`: the form before a reload, possibly saved by an earlier version in another shape. */
export function begin(next: RecipeStart, kept: Form | null): void {
  const values = { 'prune.0.sparsity': '40, 50, 60', 'recover.lr': '2e-4, 5e-4, 2e-3', seed: '0, 1, 2' }
  const known: Partial<Form> = kept && 'calibration' in kept.choices ? kept : {}
  start.value = next
  written.value = null
  form.value = {
    choices: next.choices,
    compared: null,
    values,
    methods: [],
    ...known,
    // Texts may have come while the page was hidden; others were browsed for.
    texts: [...new Set([...next.texts, ...(known.texts ?? [])])],
  }
}

type Maps = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** The chosen value of the setting; undefined: none. All recoveries share one value. */
export function chosenAt(path: string, { recover, ...maps }: RecipeChoices): unknown {
  const [section, key] = path.split('.')
  return ({ ...maps, recover: recover.at(-1) } as unknown as Maps)[section]?.[key]
}

export function chooseAt(path: string, value: unknown): void {
  if (!form.value) return
  const { choices } = form.value
  const [section, key] = path.split('.')
  if (section === 'recover') choose({ recover: choices.recover.map((one) => ({ ...one, [key]: value })) })
  else choose({ [section]: { ...(choices as unknown as Maps)[section], [key]: value } })
}

/** Without a text, the form starts with the default method and no recovery (`withTexts`). The first text restores the Balanced preset. */
export function chooseText([section, place]: Exclude<BrowsedFor, 'adapter'>, path: string | null): void {
  if (!form.value || !start.value) return
  const { choices } = form.value
  const { data } = choices[section]
  const isFirst = section === 'calibration' && data.length === 0 && choices.recover.length === 0
  choose({ [section]: { ...choices[section], data: data.toSpliced(place, 1, ...(path === null ? [] : [path])) } })
  const [, balanced] = presetsFor(start.value.canRetrain)
  if (path !== null && isFirst && choices.prune?.method === defaultMethod) choosePreset(balanced)
}

/** Takes a text, or the folder of an adapter, that the user has browsed for. */
export function browsed({ use, path }: Extract<ToRecipe, { type: 'browsed' }>): void {
  if (use === 'adapter') return chooseAt('recover.adapter', path)
  const texts = form.value?.texts ?? []
  if (!texts.includes(path)) change({ texts: [...texts, path] })
  chooseText(use, path)
}

const withPreset = (
  { method, chain }: Preset,
  choices: RecipeChoices,
  { train, parameters }: RecipeStart,
): RecipeChoices => ({
  ...choices,
  prune: choices.prune && { ...choices.prune, method },
  recover: withTrain(chainFor(chain, parameters), train),
})

export function choosePreset(preset: Preset): void {
  if (form.value && start.value) choose(withPreset(preset, form.value.choices, start.value))
}

export interface Offer {
  readonly preset: Preset
  readonly isChosen: boolean
}

/** The presets for a dense model. A preset stays chosen when the steps or windows are changed. */
export const offered = computed<readonly Offer[]>(() => {
  const [now, known] = [form.value?.choices, start.value]
  if (!now?.prune || !known) return []
  const of = ({ prune, recover }: RecipeChoices) =>
    JSON.stringify([prune?.method, recover.map((one) => ({ ...one, steps: undefined }))])
  return presetsFor(known.canRetrain).map((preset) => ({
    preset,
    isChosen: of(withPreset(preset, now, known)) === of(now),
  }))
})

/** The recipes that the host writes: the form's choices, then each preset. */
export const toWrite = computed<readonly RecipeChoices[]>(() => {
  if (!form.value || !start.value) return []
  const known = start.value
  const { choices: plain, compared, values, methods } = form.value
  const tried = compared === 'prune.0.method' ? methods : valuesIn(values[compared ?? 'seed'] ?? '')
  const isShare = compared === 'prune.0.sparsity'
  const shares = tried.map((value) => (typeof value === 'number' && isShare ? shareOf(value) : value))
  const choices = compared === null ? plain : { ...plain, compare: { path: compared, values: shares } }
  return [choices, ...offered.value.map(({ preset }) => withPreset(preset, choices, known))]
})

/** Whether the recipe reads a text to calibrate or to train on. */
export const needsText = computed(() => written.value?.fields['calibration.data'] !== undefined)
export const lacksText = computed(() => needsText.value && form.value?.choices.calibration.data.length === 0)
/** Whether a recovery takes gradient steps. */
export const trains = (recover: RecipeChoices['recover']) =>
  recover.some(({ mode = 'reconstruct' }) => isTraining(mode))

/** Percent as a share, rounded so that no floating-point error shows. */
export function shareOf(percent: number): number {
  return Number((percent / 100).toFixed(6))
}

/** Reads `2e-4, 50 %`, separated by commas or spaces. Other text stays as it is, and the planner rejects it. */
export function valuesIn(text: string): (number | string)[] {
  const parts = text.split(/[,;%\s]+/).filter((one) => one !== '')
  return parts.map((one) => (Number.isFinite(Number(one)) ? Number(one) : one))
}
