// The recipe format, version 1 (docs/recipes.md): the one source of the types, of validation and of the JSON Schema.
// A key that does not apply to the chosen method or mode is valid here; lint warns about it.
import * as z from 'zod'
import { adapterNames, adapterOf } from '../catalog/adapters/adapters.ts'
import { subsets } from '../catalog/adapters/subsets.ts'
import { andList } from '../formatting/lists.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import { scopes, selections } from '../catalog/methods/method.ts'
import { defaultMethod, methodNames, methodOf, methodsWithData, refusesScope } from '../catalog/methods/methods.ts'
import { defaultTask, taskNames, taskOf, tasksWithPrompts, zeroShotNames } from '../catalog/tasks/tasks.ts'
import { about, optional, count, path, rate } from './aboutKey.ts'
import {
  defaultSeed,
  evaluationDefaults,
  pruneDefaults,
  recoverDefaults,
  refitDefaults,
  unstructured,
  windowDefaults,
} from './defaults.ts'
import { mixedData, requireEnoughSamples } from './dataSchema.ts'
import { defaultPrecision, precisions } from './precisions.ts'
import { methodKeyShape } from './methodSchema.ts'
import { lossShape } from './lossSchema.ts'
import { saveSchema } from './saveSchema.ts'
import { allocationShape } from './allocationSchema.ts'
import { sweepSchema } from './sweepSchema.ts'
import { stages } from '../catalog/stages.ts'

export type { SettledAllocation } from './allocationSchema.ts'

export const modes = ['retrain', 'reconstruct', 'refit', 'merge'] as const
export const windows = ['block', 'submodule'] as const
const reconstructionInputs = ['pruned', 'dense'] as const
const reconstructionTargets = ['block', 'model'] as const

const share = z.number().gt(0).lt(1)

const sparsity = z
  .union([share, z.array(share).min(1)])
  .meta(
    about(
      'Fraction of the weights that become zero, between 0 and 1. A list is spread over the depth of the model: its values are the sparsities of the first to the last block, interpolated linearly in between.',
      { examples: [0.5, [0.4, 0.6]] },
    ),
  )

const pattern = z
  .string()
  .refine((text) => text === unstructured || parseNm(text) !== null, {
    error: 'expected unstructured or "N:M" with 0 < N < M, as in "2:4"',
  })
  .meta(
    about(
      '`unstructured`, or `"N:M"` in quotes: in each group of M consecutive inputs of a row exactly N weights become **zero**.',
      {
        default: pruneDefaults.pattern,
        examples: [unstructured, '2:4', '4:8'],
        pattern: '^(unstructured|[1-9]\\d{0,3}:[1-9]\\d{0,3})$',
      },
    ),
  )

const targets = z.array(z.string().min(1))

const methodLines = methodNames.map((name) => {
  const { formula, paper, needs } = methodOf(name)
  const source = paper === null ? '' : ` (${paper})`
  return `- \`${name}\`: ${formula}${source}, ${needs === 'nothing' ? 'no data' : 'needs calibration'}`
})
const scopeLines = methodNames.flatMap((name) => {
  const [first] = methodOf(name).scopes
  return first !== undefined && first !== 'tensor' ? [`\`${first}\` for ${name}`] : []
})
const withoutGlobal = methodNames.filter((name) => refusesScope(name, 'global'))
const withOwnGroup = methodNames.filter((name) => methodOf(name).scopes.length === 0)

const pruneStepSchema = z
  .strictObject({
    method: optional(
      z.enum(methodNames),
      ['How weights are scored; those with the smallest scores are pruned.', ...methodLines].join('\n'),
      {
        default: defaultMethod,
      },
    ),
    sparsity: sparsity.optional(),
    ...allocationShape,
    pattern: pattern.optional(),
    scope: optional(
      z.enum(scopes),
      `The group in which weights compete: one \`tensor\`, one \`row\` (output neuron) or all of them (\`global\`). Default: ${scopeLines.join(', ')}, \`tensor\` for the others and for \`selection: perp\`, whose threshold is the tensor's. N:M and ${andList(withOwnGroup)} have groups of their own; ${andList(withoutGlobal)} know no \`global\`.`,
    ),
    selection: optional(
      z.enum(selections),
      '`exact` prunes round(s·n) weights of a group, of equal scores the lower index first; `perp` prunes every score ≤ sorted[int(n·s)], as the code of PERP does.',
      { default: pruneDefaults.selection },
    ),
    ...methodKeyShape,
    targets: optional(
      targets.min(1),
      'What to prune. Each entry is a class (`Linear`: every projection inside the blocks), an exact module name, or `re:` and a regular expression on module names, anchored at the left.',
      { default: pruneDefaults.targets, examples: [['Linear'], ['re:.*fc[12]$']] },
    ),
    ignore: optional(targets, 'What to leave alone though `targets` matches it; the same forms.', {
      default: pruneDefaults.ignore,
    }),
  })
  .meta(about('One pruning step. All steps apply in one pass over the blocks.'))

const dataKeys = {
  data: path.meta(
    about('Text (`.txt`, `.jsonl`, `.jsonl.gz`, `.parquet`) or token ids (`.safetensors`), relative to the recipe.'),
  ),
  field: optional(
    z.string().min(1),
    'The text column, or the tensor of ids. Default: `text`, or the only integer tensor.',
  ),
}
const mixedKeys = {
  ...dataKeys,
  data: mixedData,
}
const samples = optional(
  count,
  `Number of windows, of all files together. Default: ${windowDefaults.samples}; of a file of ids, all that are in it; of several, as many of each as the smallest has.`,
)
const seqLen = optional(
  z.int().min(2).max(1e7),
  `Tokens in a window. Default: the length of rows of ids; else ${windowDefaults.seq_len}, or the longest position of the model where that is less.`,
)

const recoverySchema = z
  .strictObject({
    mode: optional(
      z.enum(modes),
      '`reconstruct`: block by block towards the outputs of the dense block, one block in memory (PERP, arXiv 2312.15230). `retrain`: the whole model on the language-model loss (PERP, arXiv 2312.15230). `refit`: least squares of the weights that pruning kept, a linear at a time, towards the outputs of its dense weights; nothing is trained (arXiv 2406.07831). `merge`: a LoRA that PEFT trained elsewhere is added under the mask, so that every zero stays; nothing is trained.',
      { default: recoverDefaults.mode },
    ),
    adapter: optional(
      path,
      '`merge` only: a folder of PEFT with `adapter_config.json` and `adapter_model.safetensors`, relative to the recipe, or `hf:org/name` in the Hub’s cache. W += s·(B·A)⊙M for each of its modules; norms and biases that it trained replace the model’s.',
    ),
    ...lossShape,
    window: optional(
      z.enum(windows),
      'What is reconstructed at once: a whole transformer `block` (PERP, arXiv 2312.15230), or a `submodule`: the attention, then the MLP, each with its norm and residual and with all of the steps (arXiv 2510.14444). Models that compute the two side by side (GPT-NeoX, Phi) have blocks only.',
      { default: recoverDefaults.window },
    ),
    inputs: optional(
      z.enum(reconstructionInputs),
      'Inputs of a block while reconstructing: those of the `pruned` and reconstructed blocks before it (PERP, arXiv 2312.15230), or those of the `dense` model (arXiv 2510.14444), which costs one more pass over the data.',
      { default: recoverDefaults.inputs },
    ),
    targets: optional(
      z.enum(reconstructionTargets),
      'Outputs that a block is trained towards: those of the dense `block` for the same inputs (PERP, arXiv 2312.15230), or those of the dense `model`, so that the block also makes up for what the pruned blocks before it changed. With `inputs: dense` they are the same.',
      { default: recoverDefaults.targets },
    ),
    train: optional(
      z.array(z.enum(subsets)),
      `What to train (PERP, arXiv 2312.15230): \`bias\`, \`norm\`, \`head\` (low rank, retrain only), \`embedding\`, one of the adapters ${adapterNames.map((name) => `\`${name}\` (${adapterOf(name).formula})`).join(', ')}, or \`full\` (all weights under the mask).`,
      { default: recoverDefaults.train },
    ),
    lora: optional(
      z.strictObject({
        rank: optional(z.int().min(1).max(65536), 'Rank of the adapters.', { default: recoverDefaults.lora.rank }),
        alpha: optional(z.number().gt(0).max(1e6), 'Adapters are scaled by alpha / rank.', {
          default: recoverDefaults.lora.alpha,
        }),
        init: optional(
          path.nullable(),
          'A safetensors file of start matrices `init_A.<module>` [rank, in], for exact repeats.',
          {
            default: recoverDefaults.lora.init,
          },
        ),
      }),
      'Settings of the adapters and of the low-rank update of the head.',
    ),
    steps: optional(
      count,
      `Optimiser steps, for each block or in all. Of \`refit\`: conjugate gradients of each linear, ${refitDefaults.steps} by default.`,
      { default: recoverDefaults.steps },
    ),
    dampening: optional(rate, '`refit` only: share of the mean diagonal that is added to the Hessian.', {
      default: refitDefaults.dampening,
    }),
    lr: optional(
      z.number().gt(0).max(0.1),
      'Peak learning rate of AdamW: warm-up over 10 % of the steps, then linear decay.',
      {
        default: recoverDefaults.lr,
      },
    ),
    weight_decay: optional(
      rate,
      'Decoupled weight decay of AdamW. In retraining biases and norms are left out of it, as transformers does.',
      { default: recoverDefaults.weight_decay },
    ),
    clip_norm: optional(
      z.number().gt(0).nullable(),
      'Largest global norm of the gradient; `null` is off. Retrain only.',
      {
        default: recoverDefaults.clip_norm,
      },
    ),
    batch_size: optional(count, 'Windows in a batch.', { default: recoverDefaults.batch_size }),
    grad_accumulation: optional(count, 'Batches in an optimiser step.', { default: recoverDefaults.grad_accumulation }),
    shuffle: optional(z.boolean(), 'Draw the windows in a seeded random order instead of in order.', {
      default: recoverDefaults.shuffle,
    }),
    ...mixedKeys,
    data: mixedKeys.data.optional(),
    samples,
    seq_len: seqLen,
  })
  .superRefine(requireEnoughSamples)
  .superRefine(({ mode, adapter }, context) => {
    if (mode === 'merge' && adapter === undefined)
      context.addIssue({ code: 'custom', path: ['adapter'], message: 'mode merge needs adapter' })
  })
  .meta(about('How to recover what pruning cost.'))

const recoverSchema = z
  .union([recoverySchema, z.array(recoverySchema)])
  .meta(
    about(
      'How to recover what pruning cost: one recovery, or a list of them that are applied in order. Recoveries that work block by block (`reconstruct`, `refit`) and stand next to each other share one pass over the blocks; each recovery merges its adapters into the weights before the next begins.',
    ),
  )

/** Characters. */
const largestPrompt = 2 ** 15

const evaluationSchema = z
  .strictObject({
    task: optional(
      z.enum(taskNames),
      [
        'What to measure. Zero-shot tasks read the rows that `datasets` exports and score them as lm-evaluation-harness does.',
        ...taskNames.map((name) => `- \`${name}\`: ${taskOf(name).about}`),
      ].join('\n'),
      { default: defaultTask },
    ),
    ...dataKeys,
    data: dataKeys.data.optional(),
    seq_len: seqLen,
    samples: optional(count, 'Number of windows, from the beginning of the text. Default: all. For perplexity.'),
    prompts: optional(
      z.array(z.string().min(1).max(largestPrompt)).min(1).max(100),
      `The texts to continue, each by itself. For ${andList(tasksWithPrompts)}.`,
      {
        examples: [['Once upon a time']],
      },
    ),
    max_tokens: optional(
      z.int().min(1).max(4096),
      `New tokens after each prompt at most. For ${andList(tasksWithPrompts)}.`,
      {
        default: taskOf(tasksWithPrompts[0]).prompts?.maxTokens,
      },
    ),
    at: optional(
      z.array(z.enum(stages)).min(1),
      'When to measure. `pruned` under `reconstruct` costs a pruning pass of its own.',
      {
        default: evaluationDefaults.at,
      },
    ),
    limit: optional(count, `Only the first rows of the data. For zero-shot tasks: ${zeroShotNames.join(', ')}.`),
    out: optional(
      path,
      `A folder, relative to the recipe, that also gets the results and each row's answers in the files of lm-evaluation-harness, in a folder for each stage. In a sweep every run has a folder of its own, by its name. For zero-shot tasks.`,
    ),
    every: optional(count, 'Measure also after so many steps (retrain) or blocks (reconstruct).'),
  })
  .superRefine(({ task = defaultTask, ...keys }, context) => {
    const key = taskOf(task).prompts ? 'prompts' : 'data'
    if (keys[key] === undefined) context.addIssue({ code: 'custom', path: [key], message: `${task} needs ${key}` })
  })
  .meta(about('One measurement.'))

export const recipeSchema = z
  .strictObject({
    version: z.literal(1).meta(about('Version of the recipe format.')),
    model: path.meta(
      about(
        'Folder with `config.json`, `model.safetensors` (or its index) and `tokenizer.json`, relative to the recipe.',
      ),
    ),
    prune: optional(z.array(pruneStepSchema), 'What to prune, and how.'),
    calibration: optional(
      z.strictObject({ ...mixedKeys, samples, seq_len: seqLen }).superRefine(requireEnoughSamples),
      `Text that ${andList([...methodsWithData, 'reconstruction'])} look at.`,
    ),
    seed: optional(
      z.int().min(0).max(Number.MAX_SAFE_INTEGER),
      'Seed of random pruning, drawn windows, adapter starts and shuffling.',
      { default: defaultSeed },
    ),
    recover: recoverSchema.optional(),
    evaluate: optional(z.array(evaluationSchema), 'What to measure, and when.'),
    precision: optional(
      z.enum(precisions),
      'What products are computed in: `f32`; `bf16`, with sums and all else in f32; or `auto`, which is bf16 where the device multiplies it faster (AVX512_BF16, AMX) and the checkpoint stores bf16 or f16, else f32. Statistics, selection, solvers, optimiser states and merges are f32 or f64 always.',
      { default: defaultPrecision },
    ),
    save: saveSchema.optional(),
    sweep: sweepSchema.optional(),
  })
  .meta({
    title: 'SparseScope recipe',
    ...about('One run: model, pruning, recovery, evaluation.'),
  })

export type Recipe = z.infer<typeof recipeSchema>
export type PruneStep = z.infer<typeof pruneStepSchema>
/** One recovery as written. */
export type Recover = z.infer<typeof recoverySchema>
export type RecoverMode = (typeof modes)[number]
export type ReconstructionWindow = (typeof windows)[number]
export type ReconstructionInputs = (typeof reconstructionInputs)[number]
export type ReconstructionTargets = (typeof reconstructionTargets)[number]
