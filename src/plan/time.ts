// How long a run takes, and its parts: multiply-adds over one rate for each kind of device. This is good to a factor of about two,
// enough to separate minutes from hours. A run that has measured itself knows more (engine/run/state/overall.ts).
import { adapterAmong } from '../catalog/adapters/adapters.ts'
import { isMeasured } from '../catalog/allocations/allocations.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { linearsOfBlock, tokenShare } from '../catalog/families/parameters.ts'
import { methodOf, needsData } from '../catalog/methods/methods.ts'
import { sum } from '../formatting/lists.ts'
import { triedWindows } from '../recipe/defaults.ts'
import type { DataFacts, MachineFacts, ModelFacts } from '../recipe/facts.ts'
import { isTraining } from '../recipe/modes.ts'
import {
  swapsWeights,
  type ResolvedEvaluation,
  type ResolvedPruneStep,
  type ResolvedRecipe,
  type ResolvedRecover,
} from '../recipe/resolve.ts'
import type { Stage } from '../catalog/stages.ts'
import { bytesOf, outputsOf, savesPruned, type OutputKind } from './outputs.ts'
import { passesOf, timesBetween, type RecoveryPass } from './passes.ts'
import { plannedPrecision, type PlannedPrecision } from './memory.ts'
import { pruneCost, statisticOperations, type BlockWorkPlan } from './pruneCost.ts'
import { tries } from './pruneEntry.ts'
import { tokensIn, usualLength } from './textTokens.ts'

/** Multiply-adds per second of one thread, over whole runs on a server core with AMX (bench/RESULTS.md). */
const perThread: Readonly<Record<PlannedPrecision, number>> = { f32: 45e9, bf16: 90e9 }
/** Multiply-adds per second of a GPU: a guess on the low side. */
const perGpu = 1e12
const diskBytesPerSecond = 400e6
/** Reading, starting threads, compiling shaders. */
const startSeconds = 1.5
/** Optimiser steps from which a retraining knows its pace. */
const firstSteps = 10

/**
 * Parts of a run. `allocate` is the trial of settings before anything is pruned. `baseline` is the pruning pass by which a run
 * that recovers block by block has a pruned model to measure or to save. `recover 0` is the first pass of recovery after
 * pruning. `evaluate between 0` is all measurements of the first entry of `evaluate` in the middle of recoveries.
 */
export type WorkPart =
  | 'allocate'
  | 'baseline'
  | 'prune'
  | `recover ${number}`
  | `save ${OutputKind}`
  | `evaluate ${Stage}`
  | `evaluate between ${number}`

export interface PlannedPart {
  readonly part: WorkPart
  readonly seconds: number
  /** Share of it, 0 to 1, from which it knows its own pace: ten steps of a retraining, one block of all else. */
  readonly firstShare: number
}

export type PlannedModel = Pick<ModelFacts, 'modelConfig' | 'modules' | 'tensors'>

export type PlannedMachine = Pick<MachineFacts, 'gpu' | 'threads' | 'bf16'>

/** A recipe on a machine. */
interface Planned {
  readonly recipe: ResolvedRecipe
  readonly config: ModelConfig
  /** Seconds of a forward pass through all blocks, and of logits. */
  forward(tokens: number, seqLen: number): number
  head(tokens: number): number
  /** Seconds of multiply-adds in f32. */
  solving(operations: number): number
}

/** Seconds of a whole run, its start included. */
export function secondsOfParts(parts: readonly PlannedPart[]): number {
  return parts.reduce((sum, { seconds }) => sum + seconds, startSeconds)
}

/** The parts of a run, with the text that is there to be evaluated on. */
export function timedParts(
  recipe: ResolvedRecipe,
  model: PlannedModel,
  machine: PlannedMachine,
  data: ReadonlyMap<string, DataFacts>,
): PlannedPart[] {
  return plannedParts(recipe, model, machine, (evaluation) => tokensIn(data, evaluation))
}

/** The parts of the recipe; empty for a model that cannot be computed. */
export function plannedParts(
  recipe: ResolvedRecipe,
  model: PlannedModel,
  machine: PlannedMachine,
  tokensOf: (evaluation: ResolvedEvaluation) => number,
): PlannedPart[] {
  const config = model.modelConfig
  if (!config) return []
  const planned: Planned = { recipe, config, ...ratesOf(config, machine, plannedPrecision(recipe, model, machine)) }
  const { evaluate, recover, prune } = recipe
  // Every pass reads all weights, those of the dense model too where the loss compares with it, and writes what it changed.
  const reading = bytesOf(model.tensors, model.tensors.keys()) / diskBytesPerSecond
  const moving = 2 * reading
  const beside = ({ recoveries }: RecoveryPass) => (recoveries.some(({ loss }) => loss) ? reading : 0)
  const { whilePruning, later } = passesOf(recover, prune.length > 0)
  const measuring = (e: ResolvedEvaluation) => evaluationSeconds(planned, e, tokensOf(e))
  const stage = (name: Stage) => sum(evaluate.filter((e) => isAskedAt(e, name, recipe)).map(measuring))
  const recovering = ({ recoveries }: RecoveryPass) => sum(recoveries.map((one) => recoverSeconds(planned, one)))
  const passing = (pass: RecoveryPass, prunes: boolean) =>
    pass.blockwise ? walkSeconds(planned, { prunes, recoveries: pass.recoveries }) : 0
  const first: RecoveryPass = { blockwise: true, recoveries: whilePruning }
  const again = evaluate.some((e) => isAskedAt(e, 'pruned', recipe)) || savesPruned(recipe)
  const block = 1 / config.numBlocks
  const of = (part: WorkPart, seconds: number, firstShare = block): PlannedPart => ({ part, seconds, firstShare })
  const parts = [
    of('evaluate dense', stage('dense')),
    of('allocate', tries(recipe) * trySeconds(planned)),
    of('baseline', whilePruning.length > 0 && again ? passing({ blockwise: true, recoveries: [] }, true) : 0),
    of('prune', prune.length > 0 ? passing(first, true) + recovering(first) + moving : 0),
    of('evaluate pruned', stage('pruned')),
    ...later.map((pass, i) => {
      const [{ mode, steps }] = pass.recoveries
      const seconds = passing(pass, false) + recovering(pass) + moving + beside(pass)
      return of(`recover ${i}`, seconds, mode === 'retrain' ? Math.min(1, firstSteps / steps) : block)
    }),
    ...evaluate.map((e, i) =>
      of(`evaluate between ${i}`, timesBetween(recipe, config.numBlocks, e.every) * measuring(e)),
    ),
    of('evaluate recovered', stage('recovered')),
    ...outputsOf(recipe).map(({ kind }) => of(`save ${kind}`, moving)),
  ]
  return parts.filter(({ seconds }) => seconds > 0)
}

/** Without `recover`, the pruned model is the result, so `recovered` then means the pruned model. */
export function isAskedAt(
  { at }: ResolvedEvaluation,
  stage: Stage,
  { recover }: Pick<ResolvedRecipe, 'recover'>,
): boolean {
  if (recover.length > 0) return at.includes(stage)
  if (stage === 'pruned') return at.includes('pruned') || at.includes('recovered')
  return stage === 'dense' && at.includes('dense')
}

/**
 * Seconds in which an analysis gathers the Hessians of a block on so many tokens, prunes it by each step, and runs the rest of the
 * model on `probed` tokens with the block pruned. A block in the middle represents all: the first of a mixture may have no experts.
 */
export function analysisSeconds(
  config: ModelConfig,
  { tokens, probed, steps }: { tokens: number; probed: number; steps: readonly ResolvedPruneStep[] },
  machine: PlannedMachine,
): number {
  const { forward, head, solving } = ratesOf(config, machine, 'f32')
  const linears = linearsOfBlock(config, config.numBlocks >> 1)
  const inputs = new Map(linears.map(({ inputKey, shape, expert }) => [inputKey, { columns: shape[1], expert }]))
  const hessians = [...inputs.values()].map(({ columns, expert }) =>
    statisticOperations.hessian(columns, tokens * tokenShare(config, expert)),
  )
  const ways = steps.flatMap((step) => {
    const { cost } = methodOf(step.method)
    // What linears with one input share is prepared once for all sparsities of a method.
    const sharers = steps.filter(({ method }) => method === step.method).length
    return [
      ...[...inputs.values()].map(({ columns }) => cost.shared(columns).operations / sharers),
      // The error takes a product of the Hessian with the change of the weights.
      ...linears.map(({ shape: [rows, columns] }) => {
        return cost.matrix(rows, columns, step).operations + rows * columns ** 2
      }),
    ]
  })
  const forwardOf = (count: number) => forward(count, Math.min(count, config.maxPositions))
  const probe = forwardOf(probed) / 2 + head(probed)
  return forwardOf(tokens) / config.numBlocks + probe + solving(sum([...hessians, ...ways]))
}

function ratesOf(config: ModelConfig, { gpu, threads }: PlannedMachine, precision: PlannedPrecision) {
  const rate = (of: PlannedPrecision) => (gpu ? perGpu : perThread[of] * Math.max(1, threads))
  const linears = Array.from({ length: config.numBlocks }, (_, block) => linearsOfBlock(config, block)).flat()
  const weights = sum(linears.map(({ shape, expert }) => shape[0] * shape[1] * tokenShare(config, expert)))
  // Scores of the keys before each query, and the sum of their values.
  const attention = (seqLen: number) =>
    2 * config.numHeads * config.headDim * sum(config.windows.map((window) => Math.min(window || Infinity, seqLen / 2)))
  return {
    forward: (tokens: number, seqLen: number) => (tokens * (weights + attention(seqLen))) / rate(precision),
    head: (tokens: number) => (tokens * config.vocabSize * config.embedSize) / rate(precision),
    solving: (operations: number) => operations / rate('f32'),
  }
}

/** A pass over the blocks, without the steps of its recoveries. */
function walkSeconds({ recipe, config, forward, solving }: Planned, work: BlockWorkPlan): number {
  const { prune, calibration } = recipe
  const { prunes, recoveries } = work
  const looks =
    (prunes && prune.some((step) => needsData(step.method) || swapsWeights(step) || isMeasured(step.allocation))) ||
    recoveries.length > 0
  // Once through the dense block, and once through the pruned one except the last, whose outputs are not read. Once more through the
  // dense model if it decides the sparsities, and once more if a reconstruction fits to the dense model's own states.
  const allocating = prunes && prune.some(({ allocation }) => isMeasured(allocation))
  const dense = recoveries.some(({ mode, targets }) => mode === 'reconstruct' && targets === 'model')
  const times = looks ? 2 - 1 / config.numBlocks + Number(allocating) + Number(dense) : 0
  const { samples, seq_len: seqLen } = calibration ?? { samples: 0, seq_len: 0 }
  return times * forward(samples * seqLen, seqLen) + solving(pruneCost(recipe, config, work).operations)
}

/** The steps of a recovery that trains, and the errors that a reconstruction measures before and after them. */
function recoverSeconds({ recipe, forward, head }: Planned, recover: ResolvedRecover): number {
  const { mode, steps, batch_size: batch, grad_accumulation: batches, train, loss } = recover
  if (!isTraining(mode)) return 0
  const { samples, seq_len: seqLen } =
    mode === 'retrain' ? { samples: 0, seq_len: recover.seq_len } : (recipe.calibration ?? { samples: 0, seq_len: 0 })
  const tokens = steps * batch * batches * seqLen
  // Forward, backward to the inputs, and backward to the weights.
  const passes = train.includes('full') || adapterAmong(train) !== null ? 3 : 2
  if (mode === 'reconstruct') return passes * forward(tokens, seqLen) + 2 * forward(samples * seqLen, seqLen)
  return (passes + (loss ? 1 : 0)) * (forward(tokens, seqLen) + head(tokens))
}

/** A pass over the text that is measured on. */
function evaluationSeconds(
  { config, forward, head }: Planned,
  { seq_len: seqLen = usualLength }: ResolvedEvaluation,
  tokens: number,
): number {
  return forward(tokens, Math.min(seqLen, config.maxPositions)) + head(tokens)
}

/** Pruning on a few windows, and the loss on as many. */
function trySeconds(planned: Planned): number {
  const { calibration } = planned.recipe
  if (!calibration) return 0
  const { seq_len: seqLen } = calibration
  const samples = Math.min(triedWindows, calibration.samples)
  const few = { ...planned, recipe: { ...planned.recipe, calibration: { ...calibration, samples } } }
  const tokens = samples * seqLen
  return walkSeconds(few, { prunes: true, recoveries: [] }) + planned.forward(tokens, seqLen) + planned.head(tokens)
}
