// What is meant where a recipe says nothing, but for the rows of methods, allocations and tasks, which have defaults of
// their own. The schema tells it to editors, `resolveRecipe` fills it in.
import { defaultTrain } from '../catalog/adapters/subsets.ts'
import { defaultSaveFormat } from './saveFormats.ts'

/** The pattern that is none. */
export const unstructured = 'unstructured'

export const pruneDefaults = {
  sparsity: 0.5,
  pattern: unstructured,
  selection: 'exact',
  targets: ['Linear'],
  ignore: [],
} as const

/** Windows of text; a file of ids has its own. */
export const windowDefaults = { samples: 128, seq_len: 2048 }

/** Windows on which a run prunes to try a setting of an allocation, and as many others for the loss, where there are enough. */
export const triedWindows = 8

export const recoverDefaults = {
  mode: 'reconstruct',
  window: 'block',
  inputs: 'pruned',
  targets: 'block',
  loss: 'text',
  train: defaultTrain,
  lora: { rank: 16, alpha: 32, init: null },
  steps: 1000,
  lr: 5e-4,
  weight_decay: 0,
  clip_norm: 1,
  batch_size: 1,
  grad_accumulation: 1,
  shuffle: false,
} as const

/** What a new recipe asks for: fewer than a table would want, but at 100 the sample's LLaMA style recovers next to nothing. */
export const firstSteps = 200

/** Conjugate gradients of `mode: refit`, and the dampening that only it has. */
export const refitDefaults = { steps: 10, dampening: 0.01 }

/** The part of `loss` that is the dense model's logits. */
export const lossDefaults = { dense: 1, temperature: 1 }

export const evaluationDefaults = { at: ['dense', 'recovered'] } as const

export const saveDefaults = { max_shard: '5GB', format: defaultSaveFormat, card: false }

export const defaultSeed = 0
