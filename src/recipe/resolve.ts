// A recipe with every default filled in. The result is itself a valid recipe, so a run folder can keep it.
import type { SaveFormat } from './saveFormats.ts'
import type { GgufTypeName } from '../catalog/formats/gguf/ggmlTypes.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { hasSubmodules } from '../catalog/families/residual.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import type { AllocationSettings } from '../catalog/allocations/allocation.ts'
import {
  allocationSettings,
  defaultAllocation,
  isMeasured,
  isTried,
  keysOf,
  type AllocationName,
} from '../catalog/allocations/allocations.ts'
import type { MethodKey, MethodSettings } from '../catalog/methods/keys.ts'
import type { Scope, Selection } from '../catalog/methods/method.ts'
import { defaultMethod, defaultScope, methodOf, needsData, type MethodName } from '../catalog/methods/methods.ts'
import { defaultTask, taskOf, type TaskName } from '../catalog/tasks/tasks.ts'
import type { Subset } from '../catalog/adapters/subsets.ts'
import { filesOf, type DataFiles } from './dataFiles.ts'
import { defaultPrecision, type PrecisionChoice } from './precisions.ts'
import {
  defaultSeed,
  evaluationDefaults,
  pruneDefaults,
  lossDefaults,
  recoverDefaults,
  refitDefaults,
  saveDefaults,
  windowDefaults,
} from './defaults.ts'
import type {
  PruneStep,
  Recipe,
  ReconstructionInputs,
  ReconstructionTargets,
  ReconstructionWindow,
  Recover,
  RecoverMode,
  SettledAllocation,
} from './schema.ts'
import type { Stage } from '../catalog/stages.ts'

type AllocationKeys = Partial<Record<AllocationName, AllocationSettings>>

/** A step with the keys that its method and its allocation take, and no others. */
export interface ResolvedPruneStep extends MethodSettings, AllocationKeys {
  method: MethodName
  /** A list is spread over the blocks, see `sparsityOfBlock`; N/M with a pattern `N:M`. */
  sparsity: number | number[]
  /** How one number is spread over the blocks; its settings stand under its name. */
  allocation: AllocationName
  /** `unstructured` or `N:M`; `parseNm` reads it. */
  pattern: string
  scope: Scope
  selection: Selection
  targets: string[]
  ignore: string[]
}

export interface ResolvedSamples {
  data: DataFiles
  /** Undefined: the column `text`, or the only integer tensor. */
  field?: string
  samples: number
  seq_len: number
}

export interface ResolvedRecover {
  mode: RecoverMode
  window: ReconstructionWindow
  inputs: ReconstructionInputs
  /** Always `model` with dense inputs, for which the dense block gives just that. */
  targets: ReconstructionTargets
  train: Subset[]
  /** Retraining on the dense model's logits only: their share of the loss, and the temperature. */
  loss?: { dense: number; temperature: number }
  /** Path of the dense model, where it is not the recipe's own. */
  dense?: string
  lora: { rank: number; alpha: number; init: string | null }
  steps: number
  /** Set for `refit` only. */
  dampening?: number
  /** Path as written of the folder to merge; set for `merge` only. */
  adapter?: string
  lr: number
  weight_decay: number
  /** Null: no clipping; always null when reconstructing. */
  clip_norm: number | null
  batch_size: number
  grad_accumulation: number
  shuffle: boolean
  /** Retraining only; undefined when reconstructing or when the recipe names no data. */
  data?: DataFiles
  field?: string
  samples: number
  seq_len: number
}

export interface ResolvedEvaluation {
  task: TaskName
  /** Path as written; undefined for a task that reads none. */
  data?: string
  field?: string
  /** Tasks that read text; zero-shot tasks take rows as long as they are. */
  seq_len?: number
  /** The first windows of text or ids; undefined: all. */
  samples?: number
  /** The first rows; zero-shot tasks only. */
  limit?: number
  /** Path as written of the folder for files of lm-evaluation-harness; zero-shot tasks only. */
  out?: string
  /** Set for tasks that generate text. */
  prompts?: string[]
  max_tokens?: number
  at: Stage[]
  /** Undefined: not in between. */
  every?: number
}

export interface ResolvedRecipe {
  version: 1
  model: string
  prune: ResolvedPruneStep[]
  calibration?: ResolvedSamples
  seed: number
  /** Recoveries in their order. */
  recover: ResolvedRecover[]
  evaluate: ResolvedEvaluation[]
  precision: PrecisionChoice
  save?: {
    to: string
    pruned?: string
    max_shard: string
    format: SaveFormat
    /** The GGUF file's; undefined: the checkpoint's own. */
    type?: GgufTypeName
    card: boolean
  }
  sweep?: Recipe['sweep']
}

/** Facts about the model and the data, as far as they are known, on which settings depend. */
export interface Surroundings extends Partial<Pick<ModelConfig, 'maxPositions' | 'residual'>> {
  /** Shape of the ids in a data file, [windows, length] or [length]; null where there are none. */
  readonly idShape?: IdShape
  /** Path of the dense model that the recipe's was made from; null: the recipe's own is dense. */
  readonly denseModel?: string | null
}

/** `data` as written. */
export type IdShape = (data: string, field: string | undefined) => readonly number[] | null

/** Why `window: submodule` is resolved to `block`. */
export const sideBySide = 'in a model that computes attention and MLP side by side'

export function resolveRecipe(recipe: Recipe, known: Surroundings = {}): ResolvedRecipe {
  const { calibration, recover } = recipe
  const prunes = (recipe.prune ?? []).length > 0
  return {
    version: 1,
    model: recipe.model,
    prune: (recipe.prune ?? []).map(resolvePruneStep),
    ...(calibration && { calibration: { ...calibration, ...windowsOf(calibration, known) } }),
    seed: recipe.seed ?? defaultSeed,
    recover: recoveriesOf(recover).map((one) => resolveRecover(one, prunes ? { ...known, denseModel: null } : known)),
    evaluate: (recipe.evaluate ?? []).map((e) => resolveEvaluation(e, known)),
    precision: recipe.precision ?? defaultPrecision,
    ...(recipe.save && { save: { ...saveDefaults, ...recipe.save } }),
    ...(recipe.sweep && { sweep: recipe.sweep }),
  }
}

/** The recoveries of a recipe as written: one may stand without a list. */
export function recoveriesOf(recover: Recipe['recover']): Recover[] {
  return recover === undefined ? [] : Array.isArray(recover) ? recover : [recover]
}

/** A resolved recipe in the form that a person would write: without a list around a single recovery. */
export type WrittenRecipe = Omit<ResolvedRecipe, 'recover'> & { recover?: ResolvedRecover | ResolvedRecover[] }

export function writtenRecipe({
  version,
  model,
  prune,
  calibration,
  seed,
  recover,
  ...rest
}: ResolvedRecipe): WrittenRecipe {
  const written = recover.length === 1 ? recover[0] : recover
  return {
    version,
    model,
    prune,
    ...(calibration && { calibration }),
    seed,
    ...(recover.length > 0 && { recover: written }),
    ...rest,
  }
}

/** The setting of the `index`-th recovery as a person writes its path: `recover`, or `recover.1` of several. */
export function recoveryPlace({ recover }: Pick<ResolvedRecipe, 'recover'>, index: number): string {
  return recover.length > 1 ? `recover.${index}` : 'recover'
}

interface AskedWindows {
  data?: DataFiles
  field?: string
  samples?: number
  seq_len?: number
}

/** How many windows of which length: rows of ids are what is in the files, text is cut by default. */
function windowsOf(asked: AskedWindows, { maxPositions, idShape }: Surroundings): { samples: number; seq_len: number } {
  const files = filesOf(asked.data)
  const shapes = files.map((file) => idShape?.(file, asked.field) ?? null).filter((shape) => shape !== null)
  const widths = shapes.flatMap((shape) => (shape.length === 2 ? shape[1] : []))
  const seqLen =
    asked.seq_len ??
    (widths.length > 0 ? Math.min(...widths) : Math.min(windowDefaults.seq_len, maxPositions ?? Infinity))
  if (asked.samples !== undefined) return { samples: asked.samples, seq_len: seqLen }
  if (shapes.length === 0) return { samples: windowDefaults.samples, seq_len: seqLen }
  // One stream of ids is cut into windows: as many as there are. Every file gives as many as the smallest one has.
  const inFiles = shapes.map((shape) => (shape.length === 2 ? shape[0] : Math.floor(shape[0] / seqLen)))
  // None at all is said where the file is read.
  return { samples: Math.max(1, files.length * Math.min(...inFiles)), seq_len: seqLen }
}

/** Resolves an entry with the keys that its task takes, and no others. */
function resolveEvaluation(evaluation: Evaluation, known: Surroundings): ResolvedEvaluation {
  const { task = defaultTask, at = [...evaluationDefaults.at], every } = evaluation
  return { task, ...taskKeys(task, evaluation, known), at, ...(every !== undefined && { every }) }
}

function taskKeys(
  task: TaskName,
  evaluation: Evaluation,
  known: Surroundings,
): Omit<ResolvedEvaluation, 'task' | 'at' | 'every'> {
  const { data, field, samples, limit, out, prompts = [], max_tokens: maxTokens } = evaluation
  const { questions, prompts: writes } = taskOf(task)
  if (writes) return { prompts, max_tokens: maxTokens ?? writes.maxTokens }
  if (questions) return { data, ...(limit !== undefined && { limit }), ...(out !== undefined && { out }) }
  const { seq_len: seqLen } = windowsOf(evaluation, known)
  return { data, ...(field !== undefined && { field }), ...(samples !== undefined && { samples }), seq_len: seqLen }
}

type Evaluation = NonNullable<Recipe['evaluate']>[number]

/** Fills in the defaults of the method. */
export function resolvePruneStep(step: PruneStep): ResolvedPruneStep {
  const method = step.method ?? defaultMethod
  const pattern = step.pattern ?? pruneDefaults.pattern
  const nm = parseNm(pattern)
  return {
    method,
    sparsity: nm ? nm.n / nm.m : (step.sparsity ?? pruneDefaults.sparsity),
    ...allocationKeys(step),
    pattern,
    scope: step.scope ?? defaultScope(method, step.selection),
    selection: step.selection ?? pruneDefaults.selection,
    ...methodSettings(step, method),
    targets: step.targets ?? [...pruneDefaults.targets],
    ignore: step.ignore ?? [...pruneDefaults.ignore],
  }
}

function allocationKeys(step: PruneStep): Pick<ResolvedPruneStep, 'allocation'> & AllocationKeys {
  const allocation = step.allocation ?? defaultAllocation
  if (keysOf(allocation).length === 0) return { allocation }
  return { allocation, [allocation]: allocationSettings(allocation, step[allocation as SettledAllocation]) }
}

function methodSettings(step: PruneStep, method: MethodName): MethodSettings {
  const defaults = Object.entries(methodOf(method).keys) as [MethodKey, number][]
  return Object.fromEntries(defaults.map(([key, value]) => [key, step[key] ?? value]))
}

function resolveRecover(recover: Recover, known: Surroundings): ResolvedRecover {
  const { residual } = known
  const mode = recover.mode ?? recoverDefaults.mode
  const { data, field, clip_norm: clipNorm } = recover
  return {
    mode,
    window: residual && !hasSubmodules({ residual }) ? 'block' : (recover.window ?? recoverDefaults.window),
    inputs: recover.inputs ?? recoverDefaults.inputs,
    targets: recover.inputs === 'dense' ? 'model' : (recover.targets ?? recoverDefaults.targets),
    train: isTraining(mode) ? [...new Set(recover.train ?? recoverDefaults.train)] : [],
    lora: { ...recoverDefaults.lora, ...recover.lora },
    steps: mode === 'merge' ? 1 : (recover.steps ?? (mode === 'refit' ? refitDefaults : recoverDefaults).steps),
    ...(mode === 'refit' && { dampening: recover.dampening ?? refitDefaults.dampening }),
    ...(mode === 'merge' && { adapter: recover.adapter }),
    lr: recover.lr ?? recoverDefaults.lr,
    weight_decay: recover.weight_decay ?? recoverDefaults.weight_decay,
    clip_norm: mode !== 'retrain' ? null : clipNorm === undefined ? recoverDefaults.clip_norm : clipNorm,
    batch_size: recover.batch_size ?? recoverDefaults.batch_size,
    grad_accumulation: recover.grad_accumulation ?? recoverDefaults.grad_accumulation,
    shuffle: recover.shuffle ?? recoverDefaults.shuffle,
    ...(mode === 'retrain' && data !== undefined && { data }),
    ...(mode === 'retrain' && field !== undefined && { field }),
    ...denseLoss(recover, mode, known),
    ...windowsOf(recover, known),
  }
}

/** Whether an optimiser changes the weights; else they are solved for, or merged. */
export function isTraining(mode: RecoverMode): boolean {
  return mode === 'retrain' || mode === 'reconstruct'
}

function denseLoss(
  { loss = recoverDefaults.loss, dense }: Recover,
  mode: RecoverMode,
  { denseModel }: Surroundings,
): Pick<ResolvedRecover, 'loss' | 'dense'> {
  if (mode !== 'retrain' || loss === 'text') return {}
  const model = denseModel === null ? undefined : (dense ?? denseModel)
  return { loss: { ...lossDefaults, ...(loss === 'dense' ? {} : loss) }, ...(model !== undefined && { dense: model }) }
}

/** Whether the step's method or allocation uses calibration inputs. */
export function stepNeedsData(step: Pick<ResolvedPruneStep, 'method' | 'allocation' | AllocationName>): boolean {
  return needsData(step.method) || decidesInRun(step)
}

/** Whether the sparsities of its blocks are known only when it runs. */
export function decidesInRun(step: Pick<ResolvedPruneStep, 'allocation' | AllocationName>): boolean {
  return isMeasured(step.allocation) || isTried(step[step.allocation])
}

/** Sparsity of one block: a list's values lie evenly over the depth, linear in between. */
export function sparsityOfBlock(sparsity: number | readonly number[], block: number, numBlocks: number): number {
  if (typeof sparsity === 'number') return sparsity
  const at = numBlocks > 1 ? (block / (numBlocks - 1)) * (sparsity.length - 1) : 0
  const low = Math.floor(at)
  const high = Math.min(low + 1, sparsity.length - 1)
  return sparsity[low] + (sparsity[high] - sparsity[low]) * (at - low)
}
