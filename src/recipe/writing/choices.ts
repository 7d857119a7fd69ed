// Default choices of a recipe, three presets of them, and names made from them. Pages import this.
import { defaultAllocation, type AllocationName } from '../../catalog/allocations/allocations.ts'
import { defaultTrain, type Subset } from '../../catalog/adapters/subsets.ts'
import { defaultMethod, type MethodName } from '../../catalog/methods/methods.ts'
import { unstructured, usualSparsity, windowDefaults } from '../defaults.ts'
import { chainFor, proposeSpread, type ChainName } from '../measured.ts'
import { isTraining } from '../modes.ts'
import type { PruneStep, Recover } from '../settings/recipe.ts'

export const recipeExtension = '.prune.yaml'

/** Longer windows take more memory than a first try should. */
const usualLength = 512

/** What a person chooses, as maps of the recipe. Paths are relative to the recipe. */
export interface RecipeChoices {
  readonly model: string
  /** null: the model is pruned already, and only recovered. Without an allocation the sparsity is spread in the way measured best. */
  readonly prune: (Omit<PruneStep, keyof ChosenPruning> & ChosenPruning) | null
  /** In their order. Those that retrain read the calibration's windows. */
  readonly recover: readonly Recover[]
  /** Each text contributes an equal share of the windows. */
  readonly calibration: {
    readonly data: readonly string[]
    readonly field?: string
    readonly samples?: number
    readonly seq_len?: number
  }
  /** A held-out text for perplexity, and one of another kind, which separates recovery from adaptation to a text. */
  readonly evaluate: { readonly data: readonly string[]; readonly seq_len?: number }
  /** Without `to`: a name that is free. */
  readonly save: { readonly to?: string }
  /** Left out: one run. */
  readonly compare?: Comparison
}

interface ChosenPruning {
  readonly method: MethodName
  /** "unstructured" or "2:4", which fixes the sparsity. */
  readonly pattern: string
  readonly sparsity: number
}

/** A setting and the values to try: a run for each. `recover.lr` is the rate of the first recovery that trains. */
export interface Comparison {
  readonly path: 'prune.0.sparsity' | 'prune.0.method' | 'recover.lr' | 'seed'
  readonly values: readonly (number | string)[]
}

/** How the sparsity is spread: uniformly with a pattern, or if several sparsities are compared and no allocation is chosen. */
export function spreadIn({ prune, compare }: Pick<RecipeChoices, 'prune' | 'compare'>): AllocationName {
  if (prune === null || prune.pattern !== unstructured) return defaultAllocation
  const usual = compare?.path === 'prune.0.sparsity' ? defaultAllocation : proposeSpread(prune.sparsity)
  return prune.allocation ?? usual
}

/** Facts about a model that the default choices need. */
export interface KnownOfModel {
  /** Whether `train: [bias]` finds any. */
  readonly biases: boolean
  /** Most positions; null when config.json does not say. */
  readonly maxPositions: number | null
  readonly parameters: number
}

/** Retraining holds the whole model: its weights in f32, and as much again for the rest. Half of the machine's memory is left to others. */
export function canRetrain({ parameters }: Pick<KnownOfModel, 'parameters'>, memoryBytes: number): boolean {
  return parameters * 8 <= memoryBytes / 2
}

/** A method and what recovers from it, as it was measured (`recoveryFigures`). */
export interface Preset {
  readonly name: 'quick' | 'balanced' | 'best'
  readonly method: MethodName
  readonly chain: ChainName
  /** Whether the machine has the memory for it. */
  readonly fits: boolean
}

/** From the shortest to the longest. Without the memory to retrain the whole model, Balanced reconstructs block by block. */
export function presetsFor(canRetrain: boolean): readonly Preset[] {
  return [
    { name: 'quick', method: 'wanda', chain: 'refit', fits: true },
    { name: 'balanced', method: 'alps', chain: canRetrain ? 'retrain' : 'reconstruct', fits: true },
    { name: 'best', method: 'alps', chain: 'both', fits: canRetrain },
  ]
}

/** The recoveries, with `train` added to those that train and do not say what. */
export function withTrain(recover: readonly Recover[], train: readonly Subset[]): Recover[] {
  return recover.map((one) => (isTraining(one.mode ?? 'reconstruct') ? { train: [...train], ...one } : one))
}

/** The default subsets that the model has. */
export function trainedOf({ biases }: Pick<KnownOfModel, 'biases'>): Subset[] {
  return defaultTrain.filter((subset) => subset !== 'bias' || biases)
}

/** Choices of the preset Balanced. `memoryBytes`: memory of the machine. */
export function firstChoices(model: string, facts: KnownOfModel, memoryBytes: number): RecipeChoices {
  const [, { method, chain }] = presetsFor(canRetrain(facts, memoryBytes))
  const { maxPositions } = facts
  return {
    model,
    prune: { method, pattern: unstructured, sparsity: usualSparsity },
    recover: withTrain(chainFor(chain, facts.parameters), trainedOf(facts)),
    calibration: {
      data: [],
      samples: windowDefaults.samples,
      seq_len: Math.min(usualLength, maxPositions ?? usualLength),
    },
    // As papers measure it: the model's context, at most 2048 tokens.
    evaluate: { data: [], seq_len: Math.min(windowDefaults.seq_len, maxPositions ?? windowDefaults.seq_len) },
    save: {},
  }
}

/** Puts texts into the choices. Without a text to calibrate on, the default method, which needs none, and no recovery. */
export function withTexts(choices: RecipeChoices, texts: readonly string[]): RecipeChoices {
  const data = texts.find((path) => !isHeldOut(path))
  const heldOut = texts.find((path) => path !== data && isHeldOut(path))
  const evaluate = { ...choices.evaluate, data: heldOut === undefined ? [] : [heldOut] }
  if (data !== undefined) return { ...choices, evaluate, calibration: { ...choices.calibration, data: [data] } }
  return { ...choices, evaluate, prune: choices.prune && { ...choices.prune, method: defaultMethod }, recover: [] }
}

/** Whether a file's name says that its text is held out. */
export function isHeldOut(path: string): boolean {
  return /eval|test|valid|held/i.test(path.slice(path.lastIndexOf('/') + 1))
}

/** Some ten thousand tokens: notes and lists of requirements are no text to calibrate on. */
export const leastTextBytes = 50_000

/** Sort key of texts: those whose name says that they are held out come last. `path` has forward slashes. */
export function textRank(path: string): number {
  return Number(isHeldOut(path)) * 2 + Number(path.endsWith('.txt'))
}

/** `./opt-wanda50`, `./opt-sparsegpt2of4`, `./opt-recovered`: the first that is free, with its place for the model before recovery. */
export function freeOutput(name: string, { prune }: RecipeChoices, exists: (path: string) => boolean): string {
  const share = (pattern: string, sparsity: number) =>
    pattern === unstructured ? Math.round(sparsity * 100) : pattern.replace(':', 'of')
  const made = prune === null ? 'recovered' : `${prune.method}${share(prune.pattern, prune.sparsity)}`
  return freeName(`./${name}-${made}`, '', (path) => exists(path) || exists(prunedPlace(path)))
}

/** Where a recipe has the model before recovery saved. */
export function prunedPlace(saveTo: string): string {
  return `${saveTo.replace(/[\\/]+$/, '')}-pruned`
}

/** First of `stem`, `stem-2`, … that `taken` does not know. */
export function freeName(stem: string, extension: string, taken: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const name = `${stem}${n === 1 ? '' : `-${n}`}${extension}`
    if (!taken(name)) return name
  }
}
