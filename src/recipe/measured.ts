// Measured perplexities of a real model after each method, from which the form of Prune… proposes one. They are those of bench/RESULTS.md.
import type { MethodName } from '../catalog/methods/methods.ts'
import type { AllocationName } from '../catalog/allocations/allocations.ts'
import type { Recover } from './settings/recipe.ts'

export interface Measured {
  readonly model: string
  readonly dense: OnTwoTexts
  /** Perplexity after pruning half of the weights, without recovery. */
  readonly pruned: Readonly<Record<string, Readonly<Partial<Record<MethodName, number>>>>>
  readonly spreads: readonly MeasuredSpread[]
  /** After retraining with each loss, half of the weights pruned by ALPS. */
  readonly losses: Readonly<Record<LossChoice, OnTwoTexts>>
  /** By pattern. */
  readonly recovered: Readonly<Record<string, readonly MeasuredRecovery[]>>
}

/** Perplexities on text of the kind trained or calibrated on, and on text of another kind. */
export interface OnTwoTexts {
  readonly same: number
  readonly other: number
}

export interface MeasuredSpread {
  readonly sparsity: number
  readonly method: MethodName
  /** Perplexity after pruning alone, by how the sparsity was spread over the blocks. */
  readonly spread: Readonly<Partial<Record<AllocationName, number>>>
}

/** Loss on the text alone, or half of it on the dense model's predictions, for which the dense model must be known. */
export type LossChoice = 'text' | 'half'

/** Recoveries that were measured, as recipes have them; without `train` it is biases, norms and MaskLoRA. */
export const chains: Readonly<Record<ChainName, readonly Recover[]>> = {
  refit: [{ mode: 'refit' }],
  retrain: [{ mode: 'retrain', steps: 120, lr: 2e-3, loss: { dense: 0.5, temperature: 2 } }],
  reconstruct: [{ mode: 'reconstruct', steps: 264, lr: 1e-3 }],
  both: [
    { mode: 'reconstruct', targets: 'model', train: ['full'], steps: 264, lr: 2e-3 },
    { mode: 'retrain', steps: 264, lr: 2e-3, loss: { dense: 0.5 } },
  ],
}
/** Parameters from which the rates of SmolLM2 are too high: at 0.5 billion they made even a dense model worse (bench/RESULTS.md). */
export const largeFrom = 3e8
/** The highest rate of PERP's grid, which is for such models. */
const highestOfLarge = 5e-4

/** The recoveries of a chain, with rates for a model of this size. */
export function chainFor(name: ChainName, parameters: number): readonly Recover[] {
  if (parameters < largeFrom) return chains[name]
  return chains[name].map((one) => (one.lr === undefined ? one : { ...one, lr: Math.min(one.lr, highestOfLarge) }))
}

export type ChainName = 'refit' | 'retrain' | 'reconstruct' | 'both'

export interface MeasuredRecovery {
  /** The method that pruned. */
  readonly method: MethodName
  readonly chain: ChainName
  readonly before: OnTwoTexts
  readonly after: OnTwoTexts
}

const alps: OnTwoTexts = { same: 64.96, other: 39.85 }
/** Calibrated on the 264 rows that the recovery reads, in place of 64. */
const alpsOfAll: OnTwoTexts = { same: 63.05, other: 38.43 }
const alps24OfAll: OnTwoTexts = { same: 103.56, other: 75.24 }
const alps24: OnTwoTexts = { same: 108.31, other: 82.54 }
const retrainedHalf: OnTwoTexts = { same: 50.89, other: 32.82 }

export const measured: Measured = {
  model: 'SmolLM2-135M',
  dense: { same: 42.38, other: 21.54 },
  pruned: {
    unstructured: { magnitude: 592.59, wanda: 88.45, sparsegpt: 76.25, admm: 67.05, alps: 64.79 },
    '2:4': { wanda: 260.28, sparsegpt: 143.7, admm: 117.05, alps: 107.58 },
  },
  spreads: [
    { sparsity: 0.6, method: 'wanda', spread: { uniform: 215, owl: 226, depth: 164 } },
    { sparsity: 0.7, method: 'wanda', spread: { uniform: 1094, owl: 794, depth: 491 } },
  ],
  losses: { text: { same: 49.22, other: 33.49 }, half: retrainedHalf },
  recovered: {
    unstructured: [
      { method: 'alps', chain: 'both', before: alpsOfAll, after: { same: 44.94, other: 29.49 } },
      { method: 'alps', chain: 'retrain', before: alps, after: retrainedHalf },
      { method: 'alps', chain: 'reconstruct', before: alpsOfAll, after: { same: 58.54, other: 36.0 } },
      { method: 'wanda', chain: 'refit', before: { same: 88.13, other: 51.22 }, after: { same: 70.5, other: 43.37 } },
    ],
    '2:4': [
      { method: 'alps', chain: 'both', before: alps24OfAll, after: { same: 53.65, other: 40.34 } },
      { method: 'alps', chain: 'retrain', before: alps24, after: { same: 67.1, other: 50.79 } },
      { method: 'alps', chain: 'reconstruct', before: alps24OfAll, after: { same: 84.02, other: 61.5 } },
      {
        method: 'wanda',
        chain: 'refit',
        before: { same: 259.98, other: 186.42 },
        after: { same: 129.23, other: 93.61 },
      },
    ],
  },
}

/** Perplexity after a method at this pattern; undefined: it was not measured. For an N:M that was not measured, 2:4 is used. */
export function prunedFigure(name: MethodName, pattern: string): number | undefined {
  return at(measured.pruned, pattern)[name]
}

/** Recoveries that were measured at this pattern, best first by text of another kind: a gain on the same text may be mere adaptation. */
export function proposeRecoveries(pattern: string): readonly MeasuredRecovery[] {
  return [...at(measured.recovered, pattern)].sort((a, b) => a.after.other - b.after.other)
}

/** Perplexities after a chain of recoveries of the model that `method` pruned, at this pattern; undefined: not measured. */
export function recoveryFigures(
  pattern: string,
  { method, chain }: { readonly method: MethodName; readonly chain: ChainName },
): MeasuredRecovery | undefined {
  return at(measured.recovered, pattern).find((one) => one.method === method && one.chain === chain)
}

/** Sparsity from which its allocation to the blocks matters. */
const spreadFrom = 0.6

/** The allocation with the lowest perplexity; below `spreadFrom` all blocks have the same sparsity. */
export function proposeSpread(sparsity: number): AllocationName {
  if (sparsity < spreadFrom) return 'uniform'
  const figures = Object.entries(spreadFigures(sparsity).spread) as [AllocationName, number][]
  return figures.reduce((best, one) => (one[1] < best[1] ? one : best))[0]
}

/** The measurements at the nearest sparsity. */
export function spreadFigures(sparsity: number): MeasuredSpread {
  const far = (one: MeasuredSpread) => Math.abs(one.sparsity - sparsity)
  return measured.spreads.reduce((nearest, one) => (far(one) < far(nearest) ? one : nearest))
}

/** Methods sorted by their perplexity; those without a measurement at this pattern follow in their order. */
export function byMeasure(names: readonly MethodName[], pattern: string): MethodName[] {
  const known = (name: MethodName) => prunedFigure(name, pattern) ?? Number.MAX_VALUE
  return [...names].sort((a, b) => known(a) - known(b))
}

function at<T>(byPattern: Readonly<Record<string, T>>, pattern: string): T {
  return byPattern[pattern] ?? byPattern[pattern === 'unstructured' ? 'unstructured' : '2:4']
}
