// Settings of a recovery.
import * as z from 'zod'
import { adapterAmong, adapterNames, adapterOf } from '../../catalog/adapters/adapters.ts'
import { defaultTrain, subsets, type Subset } from '../../catalog/adapters/subsets.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { hasSubmodules } from '../../catalog/families/residual.ts'
import { batchDefaults } from '../defaults.ts'
import { isTraining, modes, type RecoverMode } from '../modes.ts'
import {
  files,
  hasConversations,
  hasFields,
  lossOn,
  requireEnoughSamples,
  severalTexts,
  usualLength,
  usualSamples,
  windowLength,
  windowTexts,
  type KnownOfWindows,
} from './calibration.ts'
import { all, count, described, idle, mapOf, path, rate, resolveRows, rowsOf, type Applies } from './row.ts'

export const windows = ['block', 'submodule'] as const
const reconstructionInputs = ['pruned', 'dense'] as const
const reconstructionTargets = ['block', 'model'] as const
const losses = ['text', 'dense'] as const

/** Keys of a recovery on which others depend, the model, and the rest of the recipe. */
export interface Known extends KnownOfWindows, Partial<Pick<ModelConfig, 'residual'>> {
  readonly mode: RecoverMode
  readonly inputs: (typeof reconstructionInputs)[number]
  readonly targets: (typeof reconstructionTargets)[number]
  readonly train: readonly Subset[]
  readonly loss?: Loss
  /** Path of the dense model from which the recipe's model was made; null: the recipe's model is dense. */
  readonly denseModel?: string | null
  /** Whether the recipe prunes. */
  readonly prunes: boolean
}

/** The share of the dense model's logits in the loss, and the temperature. */
export interface Loss {
  readonly dense: number
  readonly temperature: number
}

const row = rowsOf<Known>()

/** Steps of conjugate gradients in `mode: refit`. */
const refitSteps = 10

const whereTrained: Applies<Known> = ({ mode }) =>
  isTraining(mode) || idle(`in mode ${mode}, which trains nothing`, 'mode')
const inReconstruct = all<Known>(whereTrained, ({ mode }) => mode === 'reconstruct' || idle('in mode retrain', 'mode'))
/** `why` follows "in mode reconstruct, which". */
const inRetrain = (why: string) =>
  all<Known>(whereTrained, ({ mode }) => mode === 'retrain' || idle(`in mode reconstruct, which ${why}`, 'mode'))
const onlyIn =
  (only: RecoverMode): Applies<Known> =>
  ({ mode }) => {
    if (mode === only) return true
    return isTraining(mode)
      ? idle(`in mode ${mode}, only in ${only}`, 'mode')
      : whereTrained({ mode } as Known, undefined)
  }
const ownData = inRetrain('uses the calibration set')

/** Why `window: submodule` is resolved to `block`. */
export const sideBySide = 'in a model that computes attention and MLP side by side'
const isSideBySide = ({ residual }: Known) => residual !== undefined && !hasSubmodules({ residual })

export const loraRows = {
  rank: row({ type: z.int().min(1).max(65536), about: 'Rank of the adapters.', default: 16 }),
  alpha: row({ type: z.number().gt(0).max(1e6), about: 'Adapters are scaled by alpha / rank.', default: 32 }),
  init: row({
    type: path.nullable(),
    about: 'A safetensors file of start matrices `init_A.<module>` [rank, in], for exact repeats.',
    default: null,
    appliesWhen({ train }) {
      const adapter = adapterAmong(train)
      if (train.includes('head') || adapter === null || adapterOf(adapter).drawn) return true
      return idle(`with ${adapter}, which always starts at 1`, 'train')
    },
  }),
}

const lossRows = {
  dense: row({
    type: z.number().min(0).max(1),
    about: "Share of the divergence from the dense model's logits in the loss; the rest is cross-entropy.",
    required: true,
  }),
  temperature: row({
    type: z.number().gt(0).max(100),
    about: 'Divides the logits of both models; the divergence is multiplied by its square (arXiv 1503.02531).',
    default: 1,
  }),
}

const modeRemarks: Readonly<Record<RecoverMode, string>> = {
  refit: 'least squares of the kept weights, a matrix at a time',
  reconstruct: 'block by block, towards the outputs of the dense block',
  retrain: 'through the whole model',
  merge: 'a LoRA that was trained elsewhere, under the mask',
}

export const recoverRows = {
  mode: row({
    type: z.enum(modes),
    about:
      '`reconstruct`: block by block towards the outputs of the dense block, one block in memory (PERP, arXiv 2312.15230). `retrain`: the whole model on the language-model loss (PERP, arXiv 2312.15230). `refit`: least squares of the weights that pruning kept, a linear at a time, towards the outputs of its dense weights; nothing is trained (arXiv 2406.07831). `merge`: a LoRA that PEFT trained elsewhere is added under the mask, which keeps every zero; nothing is trained.',
    default: 'reconstruct',
    field: { label: 'Recovery' },
    remark: ({ mode, targets }) =>
      targets === 'model' ? 'block by block, towards the states of the dense model' : modeRemarks[mode],
  }),

  window: row({
    type: z.enum(windows),
    about:
      'What is reconstructed at once: a whole transformer `block` (PERP, arXiv 2312.15230), or a `submodule`: the attention, then the MLP, each with its norm and residual and with all of the steps (arXiv 2510.14444). Models that compute the two side by side (GPT-NeoX, Phi) have blocks only.',
    default: 'block',
    resolve: (window, known) => (isSideBySide(known) ? 'block' : window),
    appliesWhen: all<Known, (typeof windows)[number]>(
      inReconstruct,
      (known, window) => window !== 'submodule' || !isSideBySide(known) || idle(sideBySide),
    ),
  }),

  inputs: row({
    type: z.enum(reconstructionInputs),
    about:
      'Inputs of a block while reconstructing: those of the `pruned` and reconstructed blocks before it (PERP, arXiv 2312.15230), or those of the `dense` model (arXiv 2510.14444), which costs one more pass over the data.',
    default: 'pruned',
    appliesWhen: inReconstruct,
  }),

  targets: row({
    type: z.enum(reconstructionTargets),
    about:
      'Outputs that a block is trained towards: those of the dense `block` for the same inputs (PERP, arXiv 2312.15230), or those of the dense `model`. The block then also corrects what the pruned blocks before it changed. With `inputs: dense` they are the same.',
    default: 'block',
    resolve: (targets, { inputs }) => (inputs === 'dense' ? 'model' : targets),
    appliesWhen: all<Known>(
      inReconstruct,
      ({ inputs }) => inputs !== 'dense' || idle('with dense inputs, whose outputs are the same', 'inputs'),
    ),
  }),

  train: row({
    type: z.array(z.enum(subsets)),
    about: `What to train (PERP, arXiv 2312.15230): \`bias\`, \`norm\`, \`head\` (low rank, retrain only), \`embedding\`, one of the adapters ${adapterNames.map((name) => `\`${name}\` (${adapterOf(name).formula})`).join(', ')}, or \`full\` (all weights under the mask). \`lora_prune\` is PERP's variant, not LoRAPrune, a structured method.`,
    default: [...defaultTrain],
    resolve: (train, { mode }) => (isTraining(mode) ? [...new Set(train)] : []),
    appliesWhen: whereTrained,
    field: { label: 'Trains' },
    remark: ({ train }) => (train.includes('full') ? 'every kept weight' : undefined),
  }),

  lora: row({
    type: mapOf(loraRows),
    about: 'Settings of the adapters and of the low-rank update of the head.',
    resolve: (lora = {}, known) => resolveRows(loraRows, lora, known),
    appliesWhen: all<Known>(
      whereTrained,
      ({ train }) =>
        train.includes('head') ||
        adapterAmong(train) !== null ||
        idle('without an adapter or the head among train', 'train'),
    ),
  }),

  steps: row({
    type: count,
    about: `Optimiser steps: of each block in \`reconstruct\`, in total in \`retrain\`. In \`refit\`: steps of conjugate gradients for each linear, ${refitSteps} by default.`,
    default: 1000,
    resolve: (steps, { mode }, written = refitSteps) => (mode === 'merge' ? 1 : mode === 'refit' ? written : steps),
    appliesWhen: ({ mode }) => mode !== 'merge' || idle('in mode merge, which trains nothing', 'mode'),
    field: { label: 'Steps' },
    remark: ({ mode }) => (mode === 'reconstruct' ? 'for each block' : undefined),
  }),

  dampening: row({
    type: rate,
    about: '`refit` only: share of the mean diagonal that is added to the Hessian.',
    default: 0.01,
    appliesWhen: onlyIn('refit'),
    leftOutWhenIdle: true,
  }),

  adapter: row({
    type: path,
    about:
      '`merge` only: a folder of PEFT with `adapter_config.json` and `adapter_model.safetensors`, relative to the recipe, or `hf:org/name` in the Hub’s cache. W += s·(B·A)⊙M for each of its modules; norms and biases that it trained replace the model’s.',
    appliesWhen: onlyIn('merge'),
    leftOutWhenIdle: true,
    field: { label: 'Folder of the adapter' },
  }),

  lr: row({
    type: z.number().gt(0).max(0.1),
    about: 'Peak learning rate of AdamW: warm-up over 10 % of the steps, then linear decay.',
    default: 5e-4,
    appliesWhen: whereTrained,
  }),

  weight_decay: row({
    type: rate,
    about: 'Decoupled weight decay of AdamW. In retraining biases and norms are left out of it, as transformers does.',
    default: 0,
    appliesWhen: whereTrained,
  }),

  clip_norm: row({
    type: z.number().gt(0).nullable(),
    about: 'Largest global norm of the gradient; `null` is off. Retrain only.',
    default: 1,
    resolve: (norm, { mode }) => (mode === 'retrain' ? norm : null),
    appliesWhen: inRetrain('does not clip'),
  }),

  batch_size: row({
    type: count,
    about: 'Windows in a batch.',
    default: batchDefaults.batch_size,
    appliesWhen: whereTrained,
  }),

  grad_accumulation: row({
    type: count,
    about: 'Batches in an optimiser step.',
    default: batchDefaults.grad_accumulation,
    appliesWhen: whereTrained,
  }),

  shuffle: row({
    type: z.boolean(),
    about: 'Draw the windows in a seeded random order instead of in order.',
    default: false,
    appliesWhen: whereTrained,
  }),

  data: row({
    type: files,
    about: severalTexts,
    appliesWhen: ownData,
    leftOutWhenIdle: true,
    field: 'calibration.data',
  }),

  field: row({
    type: z.string().min(1),
    about: windowTexts.field,
    appliesWhen: all<Known>(ownData, hasFields),
    resolve: (field, { mode }) => (mode === 'retrain' ? field : undefined),
  }),

  loss_on: row({
    type: lossOn,
    about: `Retrain only. ${windowTexts.lossOn}`,
    appliesWhen: all<Known>(ownData, hasConversations),
    leftOutWhenIdle: true,
  }),

  loss: row({
    type: z.union([z.enum(losses), mapOf(lossRows)]),
    about:
      "Retrain only: `text` is the cross-entropy of the next token; `dense` is distillation of the dense model's logits (arXiv 1503.02531), which adds its forward pass to each step; `{dense: 0.5}` gives half of the loss to each.",
    default: 'text',
    examples: [{ dense: 0.5 }],
    resolve(loss, known): Loss | undefined {
      if (known.mode !== 'retrain' || loss === 'text') return undefined
      return resolveRows(lossRows, loss === 'dense' ? { dense: 1 } : loss, known)
    },
    appliesWhen: inRetrain('fits to the dense block'),
    field: { label: 'Loss' },
  }),

  dense: row({
    type: path,
    about:
      'The dense model that `loss` compares with. Default: `model` where this recipe prunes it, else what `sparsescope.json` beside the model names as its source.',
    resolve: (dense, { loss, denseModel }) => (loss && denseModel !== null ? (dense ?? denseModel) : undefined),
    appliesWhen: all<Known>(
      inRetrain('fits to the dense block'),
      ({ loss }) => loss !== undefined || idle('with loss text', 'loss'),
      ({ prunes }) => !prunes || idle('where the recipe itself prunes the dense model', '/prune'),
    ),
  }),

  samples: row({
    type: count,
    about: windowTexts.samples,
    default: usualSamples,
    appliesWhen: ownData,
    field: 'calibration.samples',
  }),

  seq_len: row({
    type: windowLength,
    about: windowTexts.seqLen,
    default: usualLength,
    appliesWhen: ownData,
    field: 'calibration.seq_len',
  }),
}

export const recovery = mapOf(recoverRows)
  .superRefine(requireEnoughSamples)
  .superRefine(({ mode, adapter }, context) => {
    if (mode === 'merge' && adapter === undefined)
      context.addIssue({ code: 'custom', path: ['adapter'], message: 'mode merge needs adapter' })
  })
  .meta(described('How to recover what pruning cost.'))
