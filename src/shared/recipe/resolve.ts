// A recipe with every default filled in (design 4.2). The result is itself a valid recipe, so a run folder can keep it.
import { hasSubmodules, type ModelConfig } from '../families/modelConfig.ts'
import { parsePattern } from './pattern.ts'
import type {
  EvaluationStage,
  PruneMethodName,
  PruneStep,
  Recipe,
  ReconstructionInputs,
  ReconstructionWindow,
  Recover,
  RecoverMode,
  Scope,
  Selection,
  Subset,
} from './schema.ts'

export interface ResolvedPruneStep {
  method: PruneMethodName
  /** A list is spread over the blocks, see `sparsityOfBlock`; N/M with a pattern `N:M`. */
  sparsity: number | number[]
  /** `unstructured` or `N:M`; `parsePattern` reads it. */
  pattern: string
  scope: Scope
  selection: Selection
  block_size: number
  dampening: number
  targets: string[]
  ignore: string[]
}

export interface ResolvedData {
  /** As written: relative to the recipe. */
  data: string
  /** Undefined: the column `text`, or the only integer tensor. */
  field?: string
  seq_len: number
}

export interface ResolvedSamples extends ResolvedData {
  samples: number
}

export interface ResolvedRecover {
  mode: RecoverMode
  window: ReconstructionWindow
  inputs: ReconstructionInputs
  train: Subset[]
  lora: { rank: number; alpha: number; init: string | null }
  steps: number
  lr: number
  weight_decay: number
  /** Null: no clipping; always null when reconstructing. */
  clip_norm: number | null
  batch_size: number
  grad_accumulation: number
  shuffle: boolean
  /** Retraining only; undefined when reconstructing or when the recipe names no data. */
  data?: string
  field?: string
  samples: number
  seq_len: number
}

export interface ResolvedEvaluation extends ResolvedData {
  task: 'perplexity'
  at: EvaluationStage[]
  /** Undefined: not in between. */
  every?: number
}

export interface ResolvedRecipe {
  version: 1
  model: string
  prune: ResolvedPruneStep[]
  calibration?: ResolvedSamples
  seed: number
  recover?: ResolvedRecover
  evaluate: ResolvedEvaluation[]
  save?: { to: string; max_shard: string }
  sweep?: Recipe['sweep']
}

const defaultSparsity = 0.5
const defaultSamples = 128
const defaultSeqLen = 2048

/** What of the model, when it is known, settings depend on. */
export type ModelLimits = Partial<Pick<ModelConfig, 'maxPositions' | 'residual'>>

/** Why `window: submodule` is resolved to `block`. */
export const sideBySide = 'in a model that computes attention and MLP side by side'

export function resolveRecipe(recipe: Recipe, limits: ModelLimits = {}): ResolvedRecipe {
  const seqLen = Math.min(defaultSeqLen, limits.maxPositions ?? defaultSeqLen)
  return {
    version: 1,
    model: recipe.model,
    prune: (recipe.prune ?? []).map(resolvePruneStep),
    ...(recipe.calibration && {
      calibration: { samples: defaultSamples, seq_len: seqLen, ...recipe.calibration },
    }),
    seed: recipe.seed ?? 0,
    ...(recipe.recover && { recover: resolveRecover(recipe.recover, seqLen, limits) }),
    evaluate: (recipe.evaluate ?? []).map((e) => ({
      task: 'perplexity' as const,
      at: ['dense', 'recovered'] as EvaluationStage[],
      seq_len: seqLen,
      ...e,
    })),
    ...(recipe.save && { save: { max_shard: '5GB', ...recipe.save } }),
    ...(recipe.sweep && { sweep: recipe.sweep }),
  }
}

function resolvePruneStep(step: PruneStep): ResolvedPruneStep {
  const method = step.method ?? 'magnitude'
  const pattern = step.pattern ?? 'unstructured'
  const group = parsePattern(pattern)
  return {
    method,
    sparsity: group?.kind === 'group' ? group.pruned / group.size : (step.sparsity ?? defaultSparsity),
    pattern,
    // `perp` is defined by the published code, whose threshold is the tensor's for Wanda too (methods.md 2.3).
    scope: step.scope ?? (method === 'wanda' && step.selection !== 'perp' ? 'row' : 'tensor'),
    selection: step.selection ?? 'exact',
    block_size: step.block_size ?? 128,
    dampening: step.dampening ?? 0.01,
    targets: step.targets ?? ['Linear'],
    ignore: step.ignore ?? [],
  }
}

function resolveRecover(recover: Recover, seqLen: number, { residual }: ModelLimits): ResolvedRecover {
  const mode = recover.mode ?? 'reconstruct'
  const { data, field, clip_norm: clipNorm } = recover
  return {
    mode,
    window: residual && !hasSubmodules({ residual }) ? 'block' : (recover.window ?? 'block'),
    inputs: recover.inputs ?? 'pruned',
    train: [...new Set(recover.train ?? (['bias', 'norm', 'mask_lora'] as const))],
    lora: { rank: 16, alpha: 32, init: null, ...recover.lora },
    steps: recover.steps ?? 1000,
    lr: recover.lr ?? 5e-4,
    weight_decay: recover.weight_decay ?? 0,
    clip_norm: mode === 'reconstruct' ? null : clipNorm === undefined ? 1 : clipNorm,
    batch_size: recover.batch_size ?? 1,
    grad_accumulation: recover.grad_accumulation ?? 1,
    shuffle: recover.shuffle ?? false,
    ...(mode === 'retrain' && data !== undefined && { data }),
    ...(mode === 'retrain' && field !== undefined && { field }),
    samples: recover.samples ?? defaultSamples,
    seq_len: recover.seq_len ?? seqLen,
  }
}

/** Sparsity of one block: a list's values lie evenly over the depth, linear in between. */
export function sparsityOfBlock(sparsity: number | readonly number[], block: number, numBlocks: number): number {
  if (typeof sparsity === 'number') return sparsity
  const at = numBlocks > 1 ? (block / (numBlocks - 1)) * (sparsity.length - 1) : 0
  const low = Math.floor(at)
  const high = Math.min(low + 1, sparsity.length - 1)
  return sparsity[low] + (sparsity[high] - sparsity[low]) * (at - low)
}
