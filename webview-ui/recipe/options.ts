// The options of the form, with measurements of each.
import { adapterNames, adapterOf } from '../../src/catalog/adapters/adapters.ts'
import type { Subset } from '../../src/catalog/adapters/subsets.ts'
import { tried } from '../../src/catalog/allocations/allocation.ts'
import {
  allocationNames,
  allocationOf,
  defaultAllocation,
  howSpread,
  isTried,
} from '../../src/catalog/allocations/allocations.ts'
import { andList } from '../../src/formatting/lists.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import { methodNames, methodOf, type MethodName } from '../../src/catalog/methods/methods.ts'
import { triedWindows, unstructured } from '../../src/recipe/defaults.ts'
import {
  byMeasure,
  chainFor,
  type ChainName,
  chains,
  measured,
  prunedFigure,
  proposeRecoveries,
  recoveryFigures,
  spreadFigures,
  type LossChoice,
  type MeasuredRecovery,
  type OnTwoTexts,
} from '../../src/recipe/measured.ts'
import type { RecipeStart } from '../../src/protocol/view.ts'
import type { Recover } from '../../src/recipe/settings/recipe.ts'
import {
  spreadIn,
  withTrain,
  type Comparison,
  type Preset,
  type RecipeChoices,
} from '../../src/recipe/writing/choices.ts'
import { trains } from './store.ts'

export interface Option<T = string> {
  readonly value: T
  readonly label: string
  readonly hint?: string
}

/** Patterns that fix the sparsity. */
export const patterns: readonly { value: string; hint: string }[] = [
  { value: '2:4', hint: 'Two zeros in every four weights, as sparse tensor cores support' },
  { value: '4:8', hint: 'Four zeros in every eight weights' },
]

/** A preset in words, with its measurements. */
export function presetWords(preset: Preset, pattern: string): { title: string; about: string; hint: string } {
  const { name, method, chain, fits } = preset
  const after = {
    refit: 'then the kept weights refitted',
    retrain: 'then norms and MaskLoRA retrained, half distilled',
    reconstruct: 'then norms and MaskLoRA reconstructed block by block',
    both: 'every kept weight reconstructed, then norms and MaskLoRA retrained',
  }[chain]
  const hint = fits
    ? measuredWords(recoveryFigures(pattern, preset))
    : 'It retrains the whole model, which does not fit into half of this machine’s memory.'
  return { title: capital(name), about: `${methodOf(method).title}, ${after}`, hint }
}

/**
 * Settings that a sweep may vary, always including the `chosen` one. A pattern fixes the sparsity, a pruned model is not pruned again,
 * only training has a learning rate, and a recipe that reads no text does not depend on the seed.
 */
export function comparisons(
  { prune, recover }: RecipeChoices,
  readsText: boolean,
  chosen: Comparison['path'] | null,
): Option<Comparison['path']>[] {
  const all: [offered: boolean, value: Comparison['path'], label: string, hint: string][] = [
    [
      prune?.pattern === unstructured,
      'prune.0.sparsity',
      'Sparsity',
      'How much can be pruned before it costs too much',
    ],
    [prune !== null, 'prune.0.method', 'Method', 'The same sparsity and recovery for each'],
    [trains(recover), 'recover.lr', 'Learning rate', 'It has a large effect, and no value is best for every model'],
    [readsText, 'seed', 'Seed', 'How much the result varies by chance: median and range'],
  ]
  return all.flatMap(([isOffered, value, label, hint]) =>
    isOffered || value === chosen ? [{ value, label, hint }] : [],
  )
}

/** Methods with the lowest measured perplexity come first; baselines last. */
export function methodOptions(pattern: string): Option<MethodName>[] {
  const seeded = (name: MethodName) => Number(methodOf(name).seeded ?? false)
  const names = [...methodNames].sort((a, b) => seeded(a) - seeded(b))
  return byMeasure(names, pattern).map((value) => {
    const { title: label, advice } = methodOf(value)
    const figure = prunedFigure(value, pattern)
    const known = ` Measured on ${measured.model} at 50 %: perplexity ${figure}, dense ${measured.dense.same}.`
    return { value, label, hint: `${advice}${figure === undefined ? '' : known}` }
  })
}

/** The options of a field that takes one value. */
interface Select {
  readonly value: string
  /** The options, each with the choices that it sets. */
  readonly options: readonly (Option & { readonly chosen: Partial<RecipeChoices> })[]
  /** Replaces the hint of the chosen option. */
  readonly hint?: string
}

/** By path of the setting; null: there is nothing to choose. */
export const selects: Readonly<Record<string, (choices: RecipeChoices, known: RecipeStart) => Select | null>> = {
  'prune.method': ({ prune }) =>
    prune && {
      value: prune.method,
      options: methodOptions(prune.pattern).map((one) => ({
        ...one,
        chosen: { prune: { ...prune, method: one.value } },
      })),
    },
  'prune.allocation': (choices) => {
    const { prune } = choices
    if (prune?.pattern !== unstructured) return null
    const value = isTried(prune.depth) ? tried : spreadIn(choices)
    const options = spreadOptions.map(({ keys, ...one }) => ({ ...one, chosen: { prune: { ...prune, ...keys } } }))
    const about = options.find((one) => one.value === value)?.hint ?? ''
    return { value, options, hint: `${about} ${spreadHint(prune.sparsity)}` }
  },
  // Recoveries with the lowest measured perplexity on text of another kind come first.
  'recover.mode'({ prune, recover }, { canRetrain, train, parameters }) {
    if (prune === null) return null
    const measuredHere = proposeRecoveries(prune.pattern).filter(({ chain }) => canRetrain || chain !== 'both')
    const option = (label: string, hint: string, chain: readonly Recover[]) => ({
      ...{ value: modesOf(chain), label, hint },
      chosen: { recover: withTrain(chain, train) },
    })
    const options = [
      ...measuredHere.map((figures) => {
        const [label, about] = recoveryWords[figures.chain]
        const chain = chainFor(figures.chain, parameters)
        return option(label, `${about} ${measuredWords(figures)}${ratesWords(chain, figures.chain)}`, chain)
      }),
      option(
        'Merge a PEFT adapter',
        'Adds a LoRA trained elsewhere, under the mask. Updates of pruned weights are dropped, and the report says how much that is.',
        [{ mode: 'merge' }],
      ),
      option('None', 'Only prune.', []),
    ]
    return { value: modesOf(recover), options }
  },
  'recover.loss'({ prune, recover }) {
    const last = recover.at(-1)
    // The form does not know the dense model behind a pruned one, so there is nothing to distil from.
    if (prune === null || !last) return null
    const half = Object.values(chains)
      .find((chain) => modesOf(chain) === modesOf(recover))
      ?.at(-1)?.loss
    const options = lossOptions.map((one) => {
      const loss = one.value === 'half' ? half : undefined
      return { ...one, chosen: { recover: [...recover.slice(0, -1), { ...last, loss }] } }
    })
    return { value: last.loss === undefined ? 'text' : 'half', options }
  },
}

const capital = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}`

/** Ways to allocate the sparsity to the blocks. `keys`: the keys that an option sets in the pruning step. */
const spreadOptions = allocationNames.flatMap((name) => {
  const { about, tries } = allocationOf(name)
  const hint = name === defaultAllocation ? 'Every block has the same sparsity.' : `${capital(about)}.`
  const label = capital(howSpread(name))
  const own = { value: name as string, label, hint, keys: { allocation: name, depth: undefined } }
  const trying = Object.keys(tries).map((key) => [key, tried])
  if (trying.length === 0) return [own]
  const more = ` Its strength is found by pruning three times on ${triedWindows} windows.`
  const keys = { allocation: name, [name]: Object.fromEntries(trying) }
  return [own, { value: tried, label: `${label}, strength by trial`, hint: `${hint}${more}`, keys }]
})

/** The perplexity with each allocation, as measured. */
function spreadHint(sparsity: number): string {
  const { method, sparsity: at, spread: figures } = spreadFigures(sparsity)
  const known = allocationNames.flatMap((name) =>
    figures[name] === undefined ? [] : [`${figures[name]} ${howSpread(name)}`],
  )
  return `Measured: ${measured.model} with ${formatShare(at, 0)} pruned by ${methodOf(method).title} has perplexity ${andList(known)}.`
}

const modesOf = (recover: readonly Recover[]) => recover.map(({ mode }) => mode).join()
/** `reconstruct → retrain`. */
export const chainTitle = (recover: readonly Recover[]) => recover.map(({ mode }) => mode).join(' → ') || 'no recovery'

const recoveryWords: Readonly<Record<ChainName, readonly [label: string, hint: string]>> = {
  retrain: ['Retrain the model', 'Trains through the whole model.'],
  both: [
    'Reconstruct block by block, then retrain',
    'First trains every kept weight block by block, towards the activations of the dense model. Then retrains the parameters chosen below through the whole model. Recovers the most, and takes the time of both.',
  ],
  reconstruct: [
    'Reconstruct block by block',
    'Trains each block towards the outputs of the dense model, with one block in memory.',
  ],
  refit: [
    'Refit the kept weights',
    'Solves least squares for one matrix at a time. Nothing is trained, and it takes little longer than pruning.',
  ],
}

/** Perplexities on both texts before and after recovery, and the settings of the measured run, which the form also writes. */
function measuredWords(figures: MeasuredRecovery | undefined): string {
  if (!figures) return ''
  const { before, after, method, chain } = figures
  const fromTo = (text: keyof OnTwoTexts) => `${before[text].toFixed(2)} → ${after[text].toFixed(2)}`
  const settings = chains[chain].map(settingsWords).join(', then ')
  return `Measured on ${measured.model}, pruned by ${methodOf(method).title}, ${settings}: perplexity ${fromTo('other')} on text of another kind, ${fromTo('same')} on text of the kind it was trained on.`
}

/** Names the learning rate that the form uses if the model is so large that it needs a lower one than measured. */
function ratesWords(chain: readonly Recover[], name: ChainName): string {
  const lowered = chain.find(({ lr }, i) => lr !== chains[name][i].lr)
  return lowered ? ` This model is larger, so the form uses a rate of ${lowered.lr}.` : ''
}

function settingsWords({ mode, steps, lr, loss }: Recover): string {
  if (steps === undefined || lr === undefined) return 'refitted'
  const where = mode === 'reconstruct' ? 'reconstructed for' : 'retrained for'
  const each = mode === 'reconstruct' ? ' a block' : ''
  const half =
    typeof loss === 'object'
      ? `, ${formatShare(loss.dense, 0)} of the loss on the dense model’s predictions at a temperature of ${loss.temperature ?? 1}`
      : ''
  return `${where} ${steps} steps${each} at a rate of ${lr}${half}`
}

/** The losses of retraining, each with the perplexity that it reached with the recovery of the Balanced preset. */
const lossOptions: readonly Option<LossChoice>[] = (['text', 'half'] as const).map((value) => {
  const { same, other } = measured.losses[value]
  const cost = value === 'half' ? ' Takes a third more time, and memory for the dense model.' : ''
  return {
    value,
    label: { text: 'The text', half: 'Half the text, half distilled from the dense model' }[value],
    hint: `Measured on ${measured.model}, retrained as Balanced is: perplexity ${same} on text of the kind trained on, ${other} on text of another kind.${cost}`,
  }
})

export const trainOptions: readonly Option<Subset>[] = [
  { value: 'bias', label: 'bias', hint: 'All biases' },
  { value: 'norm', label: 'norm', hint: 'All norm weights and biases' },
  ...adapterNames.toReversed().map((name) => ({ value: name, label: name, hint: adapterOf(name).advice })),
  { value: 'full', label: 'full', hint: 'Every kept weight' },
]
