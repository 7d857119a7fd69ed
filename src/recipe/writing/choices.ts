// Choices of a recipe before anybody chose, three presets of them, and names made from them.
import { defaultTrain } from '../../catalog/adapters/subsets.ts'
import { defaultMethod, type MethodName } from '../../catalog/methods/methods.ts'
import { firstSteps, unstructured, usualSparsity, windowDefaults } from '../defaults.ts'
import type { LossChoice } from '../measured.ts'
import type { RecoverMode } from '../modes.ts'
import { prunedPlace, type RecipeChoices } from './recipeText.ts'

export const recipeExtension = '.prune.yaml'

/** Longer windows take more memory than a first try should. */
const usualLength = 512

/** What is known of a model before anybody chose. */
export interface KnownOfModel {
  /** Whether `train: [bias]` finds any. */
  readonly biases: boolean
  /** Most positions; null when config.json does not say. */
  readonly maxPositions: number | null
  /** Blocks; null when config.json does not say. */
  readonly blocks: number | null
  readonly parameters: number
}

/** Retraining holds the whole model: its weights in f32 and, in all, as much again. Half of the machine is left to others. */
export function canRetrain({ parameters }: Pick<KnownOfModel, 'parameters'>, memoryBytes: number): boolean {
  return parameters * 8 <= memoryBytes / 2
}

/** A method and what recovers from it. Each was measured (`recoveryFigures`). */
export interface Preset {
  readonly name: 'quick' | 'balanced' | 'best'
  readonly method: MethodName
  readonly recoveries: readonly RecoverMode[]
  readonly loss: LossChoice
  /** The machine has the memory for it. */
  readonly fits: boolean
}

/** From the shortest to the longest. Without the memory to retrain the whole model, Balanced reconstructs block by block. */
export function presetsFor(canRetrain: boolean): readonly Preset[] {
  const loss = 'half'
  return [
    { name: 'quick', method: 'wanda', recoveries: ['refit'], loss, fits: true },
    { name: 'balanced', method: 'alps', recoveries: [canRetrain ? 'retrain' : 'reconstruct'], loss, fits: true },
    { name: 'best', method: 'alps', recoveries: ['reconstruct', 'retrain'], loss, fits: canRetrain },
  ]
}

/** The preset that a recipe begins with. */
export function balanced(canRetrain: boolean): Pick<Preset, 'method' | 'recoveries' | 'loss'> {
  const [, { method, recoveries, loss }] = presetsFor(canRetrain)
  return { method, recoveries, loss }
}

/** `memoryBytes`: the machine's. */
export function firstChoices(model: string, facts: KnownOfModel, memoryBytes: number): RecipeChoices {
  return {
    model,
    ...balanced(canRetrain(facts, memoryBytes)),
    pattern: unstructured,
    sparsity: usualSparsity,
    train: defaultTrain.filter((subset) => subset !== 'bias' || facts.biases),
    data: null,
    evaluateOn: null,
    field: null,
    seqLen: Math.min(usualLength, facts.maxPositions ?? usualLength),
    // As papers measure it: the model's context, at most 2048 tokens.
    evaluationLen: Math.min(windowDefaults.seq_len, facts.maxPositions ?? windowDefaults.seq_len),
    blocks: facts.blocks,
    samples: windowDefaults.samples,
    steps: firstSteps,
    saveTo: '',
  }
}

/** Without a text only methods that need none are left, and no recovery. */
export function withTexts(choices: RecipeChoices, texts: readonly string[]): RecipeChoices {
  const data = texts.find((path) => !isHeldOut(path))
  const evaluateOn = texts.find((path) => path !== data && isHeldOut(path)) ?? null
  return data ? { ...choices, data, evaluateOn } : { ...choices, method: defaultMethod, recoveries: [], evaluateOn }
}

/** Whether a file's name says that nothing is trained or calibrated on it. */
export function isHeldOut(path: string): boolean {
  return /eval|test|valid|held/i.test(path.slice(path.lastIndexOf('/') + 1))
}

/** Some ten thousand tokens: notes and lists of requirements are no text to calibrate on. */
export const leastTextBytes = 50_000

/** By which texts are sorted: those whose name says that nothing is trained on them last. `path` has forward slashes. */
export function textRank(path: string): number {
  return Number(isHeldOut(path)) * 2 + Number(path.endsWith('.txt'))
}

/** `./opt-wanda50`, `./opt-sparsegpt2of4`, `./opt-recovered`. */
function suggestedOutput(name: string, { method, pattern, sparsity }: RecipeChoices): string {
  const share = pattern === unstructured ? String(Math.round(sparsity * 100)) : pattern.replace(':', 'of')
  return `./${name}-${method === null ? 'recovered' : `${method}${share}`}`
}

/** The suggested output that does not exist, nor the place of the model before recovery beside it. */
export function freeOutput(name: string, choices: RecipeChoices, exists: (path: string) => boolean): string {
  return freeName(suggestedOutput(name, choices), '', (path) => exists(path) || exists(prunedPlace(path)))
}

/** First of `stem`, `stem-2`, … that `taken` does not know. */
export function freeName(stem: string, extension: string, taken: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const name = `${stem}${n === 1 ? '' : `-${n}`}${extension}`
    if (!taken(name)) return name
  }
}
