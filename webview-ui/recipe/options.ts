// What the form offers, with what was measured of it.
import { adapterNames, adapterOf } from '../../src/catalog/adapters/adapters.ts'
import {
  allocationNames,
  allocationOf,
  defaultAllocation,
  howSpread,
} from '../../src/catalog/allocations/allocations.ts'
import { andList } from '../../src/formatting/lists.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import { methodNames, methodOf, type MethodName } from '../../src/catalog/methods/methods.ts'
import { triedWindows, unstructured } from '../../src/recipe/defaults.ts'
import {
  byMeasure,
  measured,
  proposeMethod,
  proposeRecoveries,
  recoveryFigures,
  spreadFigures,
  type LossChoice,
  type MeasuredRecovery,
  type OnTwoTexts,
} from '../../src/recipe/measured.ts'
import type { RecoverMode } from '../../src/recipe/modes.ts'
import type { Preset } from '../../src/recipe/writing/choices.ts'
import type { Comparison, SpreadChoice } from '../../src/recipe/writing/recipeText.ts'
import type { Option } from './fields.tsx'

/** Patterns that fix the sparsity. */
export const patterns: readonly { value: string; hint: string }[] = [
  { value: '2:4', hint: 'Two of every four: what sparse tensor cores support' },
  { value: '4:8', hint: 'Four of every eight' },
]

/** A preset in words, and what was measured of it. */
export function presetWords(preset: Preset, pattern: string): { title: string; about: string; hint: string } {
  const { name, method, recoveries, fits } = preset
  const { title } = methodOf(method)
  const after = {
    quick: 'then the kept weights refitted',
    balanced: recoveries.includes('retrain')
      ? 'then norms and MaskLoRA retrained, half distilled'
      : 'then norms and MaskLoRA reconstructed block by block',
    best: 'every kept weight by block, then as Balanced',
  }[name]
  const measuredHint = measuredWords(recoveryFigures(pattern, preset))
  const hint = fits
    ? measuredHint
    : 'It retrains the whole model, which does not fit into half of this machine’s memory.'
  return { title: capital(name), about: `${title}, ${after}`, hint }
}

/**
 * What a sweep may vary, and what is `chosen`. A pattern fixes the sparsity, a pruned model is not pruned again, and without text nothing
 * is drawn or trained.
 */
export function comparisons(
  prunes: boolean,
  pattern: string,
  readsText: boolean,
  learns: boolean,
  chosen: Comparison['path'] | null,
): Option<Comparison['path']>[] {
  const all: (Option<Comparison['path']> & { offered: boolean })[] = [
    {
      value: 'prune.0.sparsity',
      label: 'Sparsity',
      hint: 'How much can be pruned before it costs too much',
      offered: prunes && pattern === unstructured,
    },
    { value: 'prune.0.method', label: 'Method', hint: 'The same sparsity and recovery for each', offered: prunes },
    {
      value: 'recover.lr',
      label: 'Learning rate',
      hint: 'Which decides much, and has no best value for all models',
      offered: learns,
    },
    { value: 'seed', label: 'Seed', hint: 'How far chance moves the result: median and range', offered: readsText },
  ]
  return all.filter(({ offered, value }) => offered || value === chosen)
}

/** Methods with the lowest measured perplexity come first; baselines last. */
export function methodOptions(pattern: string): Option<MethodName>[] {
  const seeded = (name: MethodName) => Number(methodOf(name).seeded ?? false)
  const names = [...methodNames].sort((a, b) => seeded(a) - seeded(b))
  return byMeasure(names, pattern).map((value) => {
    const { title: label, advice: hint } = methodOf(value)
    return { value, label, hint }
  })
}

/** What a method does, and where it is the best, by which figures. */
export function methodHint(name: MethodName, pattern: string): string {
  const { method, perplexity, next } = proposeMethod(pattern)
  const { advice } = methodOf(name)
  if (name !== method) return advice
  const second = `${methodOf(next.method).title} ${next.perplexity}`
  return `${advice} Best measured: ${measured.model} with half of its weights has perplexity ${perplexity}, ${second}, dense ${measured.dense.same}.`
}

const capital = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}`

/** Ways of spreading one sparsity over the blocks. */
export const spreadOptions: readonly (Option<SpreadChoice> & { hint: string })[] = allocationNames.flatMap((name) => {
  const { about, tries } = allocationOf(name)
  const hintOf = name === defaultAllocation ? 'Every block the same.' : `${capital(about)}.`
  const own = { value: name, label: capital(howSpread(name)), hint: hintOf }
  if (Object.keys(tries).length === 0) return [own]
  const hint = `${own.hint} How much is found by pruning three times on ${triedWindows} windows.`
  return [own, { value: 'tried' as const, label: `${own.label}, how much is tried`, hint }]
})

/** What a spread does, and what each was worth where they were measured. */
export function spreadHint(spread: SpreadChoice, sparsity: number): string {
  const about = spreadOptions.find(({ value }) => value === spread)?.hint ?? ''
  const { method, sparsity: at, spread: figures } = spreadFigures(sparsity)
  const known = allocationNames.flatMap((name) =>
    figures[name] === undefined ? [] : [`${figures[name]} ${howSpread(name)}`],
  )
  return `${about} Measured: ${measured.model} with ${formatShare(at, 0)} pruned by ${methodOf(method).title} has perplexity ${andList(known)}.`
}

export interface RecoveryOption extends Option<string> {
  readonly modes: readonly RecoverMode[]
  readonly hint: string
}

const temperature = `at a temperature of ${measured.temperature}`

/** Recoveries with the lowest measured perplexity on text of another kind come first, with the figures. */
export function recoveryOptions(pattern: string, canRetrain: boolean): RecoveryOption[] {
  const proposed = proposeRecoveries(pattern, canRetrain)
  const place = (modes: readonly RecoverMode[]) => {
    const at = proposed.findIndex((one) => one.modes.join() === modes.join())
    return at < 0 ? proposed.length : at
  }
  return recoveries
    .filter(({ modes }) => canRetrain || !modes.includes('retrain') || modes.length === 1)
    .sort((a, b) => place(a.modes) - place(b.modes))
    .map(({ modes, label, hint }) => {
      const figures = proposed.at(place(modes))
      const value = modes.join()
      if (!figures) return { value, modes, label, hint }
      return { value, modes, label, hint: `${hint} ${measuredWords(figures)}` }
    })
}

/** Both perplexities before and after, and what reached them. */
function measuredWords(figures: MeasuredRecovery | undefined): string {
  if (!figures) return ''
  const { before, after, method, modes } = figures
  const fromTo = (text: keyof OnTwoTexts) => `${before[text].toFixed(2)} → ${after[text].toFixed(2)}`
  const loss = modes.includes('retrain') ? `, half of its loss on the dense model’s predictions, ${temperature}` : ''
  return `Measured on ${measured.model}, pruned by ${methodOf(method).title}, with ${measured.settings[modes.join()]}${loss}: perplexity ${fromTo('other')} on text of another kind, ${fromTo('same')} on text of the kind it learnt from.`
}

const recoveries: readonly { label: string; hint: string; modes: readonly RecoverMode[] }[] = [
  { label: 'Retrain the model', hint: 'Next-token loss through the whole model.', modes: ['retrain'] },
  {
    label: 'Reconstruct block by block, then retrain',
    hint: 'First every kept weight, block by block, towards the states of the dense model, then what is chosen below, through the whole model. Wins back the most, and takes the time of both.',
    modes: ['reconstruct', 'retrain'],
  },
  {
    label: 'Reconstruct block by block',
    hint: 'Trains each block towards its dense outputs, with one block in memory.',
    modes: ['reconstruct'],
  },
  {
    label: 'Refit the kept weights',
    hint: 'Least squares, a matrix at a time: nothing is trained, and it costs little more than pruning.',
    modes: ['refit'],
  },
  {
    label: 'Merge a PEFT adapter',
    hint: 'Adds a LoRA that was trained elsewhere, under the mask: what falls on zeros is cut off, and the report says how much.',
    modes: ['merge'],
  },
  { label: 'None', hint: 'Only prune.', modes: [] },
]

const lossHint = (loss: LossChoice) => {
  const { same, other } = measured.losses[loss]
  const settings = [measured.settings.retrain, ...(loss === 'half' ? [temperature] : [])].join(', ')
  return `Measured on ${measured.model}, with ${settings}: perplexity ${same} on text of the kind trained on, ${other} on text of another kind.`
}
/** What retraining learns from, with what each was worth. */
export const lossOptions: readonly (Option<LossChoice> & { hint: string })[] = [
  { value: 'text', label: 'The text', hint: lossHint('text') },
  {
    value: 'half',
    label: 'Half the text, half what the dense model predicts',
    hint: `${lossHint('half')} Takes a third more time, and memory for the dense model.`,
  },
]

export const trainOptions: readonly Option<string>[] = [
  { value: 'bias', label: 'bias', hint: 'All biases' },
  { value: 'norm', label: 'norm', hint: 'All norm weights and biases' },
  ...adapterNames.toReversed().map((name) => ({ value: name, label: name, hint: adapterOf(name).advice })),
  { value: 'full', label: 'full', hint: 'Every kept weight' },
]
