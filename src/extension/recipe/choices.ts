// Choices of a recipe before anybody chose, and names made from them.
import { totalmem } from 'node:os'
import { basename, isAbsolute, join, relative } from 'node:path'
import { defaultTrain } from '../../shared/adapters/subsets.ts'
import { proposeMethod, proposeRecoveries } from '../../shared/recipe/measured.ts'
import { defaultMethod } from '../../shared/methods/methods.ts'
import type { ModelFacts } from '../models/modelFacts.ts'
import type { WizardChoices } from './recipeText.ts'
import { pruneDefaults, unstructured, windowDefaults } from '../../shared/recipe/defaults.ts'

export const recipeExtension = '.prune.yaml'

/** Longer windows take more memory than a first try should. */
const usualLength = 512

/** Facts of a model before any question. */
export type KnownOfModel = Pick<ModelFacts, 'biases' | 'maxPositions' | 'parameters'>

/** Retraining holds the whole model: its weights in f32 and, in all, as much again. Half of the machine is left to others. */
export function canRetrain({ parameters }: Pick<ModelFacts, 'parameters'>, memory: number = totalmem()): boolean {
  return parameters * 8 <= memory / 2
}

export function firstChoices(model: string, facts: KnownOfModel): WizardChoices {
  return {
    model,
    method: proposeMethod(unstructured).method,
    pattern: unstructured,
    sparsity: pruneDefaults.sparsity,
    recoveries: proposeRecoveries(unstructured, canRetrain(facts))[0].modes,
    train: defaultTrain.filter((subset) => subset !== 'bias' || facts.biases),
    data: null,
    evaluateOn: null,
    field: null,
    seqLen: Math.min(usualLength, facts.maxPositions ?? usualLength),
    samples: windowDefaults.samples,
    steps: 100,
    saveTo: '',
  }
}

/** Without a text only methods that need none are left, and no recovery. */
export function withTexts(choices: WizardChoices, texts: readonly string[]): WizardChoices {
  const data = texts.find((path) => !isHeldOut(path))
  const evaluateOn = texts.find((path) => path !== data && isHeldOut(path)) ?? null
  return data ? { ...choices, data, evaluateOn } : { ...choices, method: defaultMethod, recoveries: [], evaluateOn }
}

/** Whether a file's name says that nothing is trained or calibrated on it. */
export function isHeldOut(path: string): boolean {
  return /eval|test|valid|held/i.test(basename(path))
}

/** Relative where that is short, with forward slashes: recipes travel between systems. */
export function toRecipePath(folder: string, path: string): string {
  const way = relative(folder, path)
  const far = way === '' || isAbsolute(way) || way.startsWith(join('..', '..'))
  if (far) return path
  return (way.startsWith('..') ? way : `./${way}`).replaceAll('\\', '/')
}

/** `./opt-wanda50`, `./opt-sparsegpt2of4`, `./opt-recovered`. */
export function suggestedOutput(name: string, { method, pattern, sparsity }: WizardChoices): string {
  const share = pattern === unstructured ? String(Math.round(sparsity * 100)) : pattern.replace(':', 'of')
  return `./${name}-${method === null ? 'recovered' : `${method}${share}`}`
}

/** First of `stem`, `stem-2`, … that `taken` does not know. */
export function freeName(stem: string, extension: string, taken: (name: string) => boolean): string {
  for (let n = 1; ; n++) {
    const name = `${stem}${n === 1 ? '' : `-${n}`}${extension}`
    if (!taken(name)) return name
  }
}
