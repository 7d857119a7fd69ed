// How long a run takes, and its parts, from their floating-point operations: good to a factor of about two, enough to
// tell minutes from hours, and to know which share of the whole each part is. `run` shows a measured remaining time as
// soon as it runs.
import type { Stage } from '../series/events.ts'
import { idShapeOf, type DataFacts, type MachineFacts, type ModelFacts } from '../recipe/facts.ts'
import { tried } from '../allocations/allocation.ts'
import { allocationOf, isMeasured, keysOf } from '../allocations/allocations.ts'
import { needsData } from '../methods/methods.ts'
import { triedWindows } from '../recipe/defaults.ts'
import { isTraining, type ResolvedEvaluation, type ResolvedRecipe, type ResolvedRecover } from '../recipe/resolve.ts'
import { tokenShare } from '../families/parameters.ts'
import { adapterAmong } from '../adapters/adapters.ts'
import { outputsOf, savesPruned, type OutputKind } from './outputs.ts'
import { passesOf, type RecoveryPass } from './passes.ts'
import { spreadsOverBlocks } from './pruneEntries.ts'
import { plannedPrecision, type PlannedPrecision } from './plannedPrecision.ts'
import { pruneCost, type BlockWorkPlan } from './pruneCost.ts'
import { bytesPerToken, plannedWriting } from './textTokens.ts'
import { sizeOf } from './trainable.ts'

/**
 * Operations a second of one CPU thread, as whole runs on a server core reached them (bench/RESULTS.md): matrix products, with the little that
 * goes on beside them, by precision; and statistics, factors and sweeps, of which half are saved where matrices are symmetric.
 */
const perThread = { f32: 90e9, bf16: 185e9, solving: 140e9 }
/** Operations per second of a GPU: a guess on the low side. */
const perGpu = 2e12
/** Reading and writing, flushed to the disk. */
const diskBytesPerSecond = 400e6
/** Reading, starting threads, compiling shaders. */
const startSeconds = 3

/**
 * Parts of a run; `allocate` is the trial of settings before anything is pruned, `baseline` is the pruning pass by which a run that recovers block by block has a pruned model to measure or
 * to save, `recover 0` the first pass of recovery after pruning.
 */
export type WorkPart =
  | 'allocate'
  | 'baseline'
  | 'prune'
  | `recover ${number}`
  | `save ${OutputKind}`
  | `evaluate ${Stage}`

export interface PlannedPart {
  readonly part: WorkPart
  readonly seconds: number
}

export type PlannedModel = Pick<ModelFacts, 'modelConfig' | 'parameters' | 'modules' | 'tensors'>

export type PlannedMachine = Pick<MachineFacts, 'gpu' | 'threads' | 'bf16'>

/** A whole run's. */
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

/** The parts that the recipe asks for. Evaluations in between belong to the part that they interrupt. */
export function plannedParts(
  recipe: ResolvedRecipe,
  model: PlannedModel,
  machine: PlannedMachine,
  tokensOf: (evaluation: ResolvedEvaluation) => number,
): PlannedPart[] {
  const seconds = secondsFor(machine, plannedPrecision(recipe, model, machine))
  const { evaluate, recover, prune } = recipe
  const { whilePruning, later } = passesOf(recover, prune.length > 0)
  const { blocks: blockWeights, head } = weightsOf(model)
  const perToken = 2 * (blockWeights + head)
  const measuring = (wanted: (e: ResolvedEvaluation) => number) =>
    evaluate.reduce((sum, e) => sum + perToken * tokensOf(e) * wanted(e), 0)
  const stage = (name: Stage) => measuring((e) => (isAskedAt(e, name, recipe) ? 1 : 0))
  const blocks = model.modelConfig?.numBlocks ?? 0
  const between = (units: number) => measuring(({ every }) => (every ? Math.floor(units / every) : 0))
  const recovering = ({ blockwise, recoveries }: RecoveryPass) =>
    recoveries.reduce((sum, one) => sum + recoverOperations(one, recipe, model), 0) +
    between(blockwise ? blocks : recoveries[0].steps)
  const first: RecoveryPass = { blockwise: true, recoveries: whilePruning }
  const pruning = seconds(walkOperations(recipe, model, { prunes: true, recoveries: whilePruning }))
  const inPruning = pruning + (whilePruning.length > 0 ? seconds({ products: recovering(first) }) : 0)
  const measured = (name: Stage): PlannedPart => ({
    part: `evaluate ${name}`,
    seconds: seconds({ products: stage(name) }),
  })
  const parts: PlannedPart[] = [
    measured('dense'),
    { part: 'allocate', seconds: tries(recipe) * seconds(tryOperations(recipe, model)) },
    {
      part: 'baseline',
      seconds: whilePruning.length > 0 && (stage('pruned') > 0 || savesPruned(recipe)) ? pruning : 0,
    },
    { part: 'prune', seconds: prune.length > 0 ? inPruning : 0 },
    measured('pruned'),
    ...later.map((pass, i): PlannedPart => {
      const walking = pass.blockwise ? seconds(walkOperations(recipe, model, { prunes: false, ...pass })) : 0
      const merges = pass.recoveries.some(({ mode }) => mode === 'merge')
      const moving = merges ? movingSeconds(model) : 0
      return { part: `recover ${i}`, seconds: walking + moving + seconds({ products: recovering(pass) }) }
    }),
    measured('recovered'),
  ]
  for (const { kind } of outputsOf(recipe)) parts.push({ part: `save ${kind}`, seconds: movingSeconds(model) })
  return parts.filter((part) => part.seconds > 0)
}

/** All weights read, and written again. */
function movingSeconds(model: PlannedModel): number {
  return (2 * bytesOf(model)) / diskBytesPerSecond
}

/** Floating-point operations, by the rate that they reach. */
interface Operations {
  /** Multiplications of tokens with weights. */
  readonly products?: number
  /** Statistics, factors, sweeps, choices. */
  readonly solving?: number
}

/** Seconds of a number of operations. */
export function secondsFor({ gpu, threads }: PlannedMachine, precision: PlannedPrecision) {
  const rate = (perOne: number) => (gpu ? perGpu : perOne * Math.max(1, threads))
  return ({ products = 0, solving = 0 }: Operations): number =>
    products / rate(perThread[precision]) + solving / rate(perThread.solving)
}

/** Without `recover`, the pruned model is what comes out: a recipe that asks for `recovered` means it. */
export function isAskedAt(
  { at }: ResolvedEvaluation,
  stage: Stage,
  { recover }: Pick<ResolvedRecipe, 'recover'>,
): boolean {
  if (recover.length > 0) return at.includes(stage)
  if (stage === 'pruned') return at.includes('pruned') || at.includes('recovered')
  return stage === 'dense' && at.includes('dense')
}

/** How often the model is pruned to find out settings that the recipe leaves to the run. */
export function tries({ prune }: Pick<ResolvedRecipe, 'prune'>): number {
  const blocks = [0, 1].map(() => ({ size: 1, value: 0 }))
  const counts = prune.flatMap((step) => {
    const { allocation: name, sparsity } = step
    if (!spreadsOverBlocks(step) || typeof sparsity !== 'number') return []
    return keysOf(name).flatMap((key) =>
      step[name]?.[key] === tried ? (allocationOf(name).tries[key]?.(blocks, sparsity).length ?? []) : [],
    )
  })
  return counts.length > 0 ? Math.min(...counts) : 0
}

/** Pruning on a few windows, and the loss on as many. */
function tryOperations(recipe: ResolvedRecipe, model: PlannedModel): Operations {
  const { calibration } = recipe
  if (!calibration) return {}
  const samples = Math.min(triedWindows, calibration.samples)
  const few = { ...recipe, calibration: { ...calibration, samples } }
  const { products = 0, solving } = walkOperations(few, model, { prunes: true, recoveries: [] })
  const { blocks, head } = weightsOf(model)
  return { products: products + 2 * (blocks + head) * samples * calibration.seq_len, solving }
}

/** Operations of a walk over the blocks, without those of its reconstructions' training. */
function walkOperations(recipe: ResolvedRecipe, model: PlannedModel, work: BlockWorkPlan): Operations {
  const { prune, calibration } = recipe
  const { prunes, recoveries } = work
  const { blocks } = weightsOf(model)
  const calibrationTokens = calibration ? calibration.samples * calibration.seq_len : 0
  const looks =
    (prunes && prune.some(({ method, allocation }) => needsData(method) || isMeasured(allocation))) ||
    recoveries.length > 0
  // A product of a token with a weight is two operations; once through the dense block, once through the
  // pruned one, and before them through the dense model where it decides how much of each block goes.
  const allocating = prunes && prune.some(({ allocation }) => isMeasured(allocation)) ? 1 : 0
  const products = looks ? (2 + allocating) * 2 * blocks * calibrationTokens : 0
  return { products, solving: model.modelConfig ? pruneCost(recipe, model.modelConfig, work).operations : 0 }
}

function recoverOperations(recover: ResolvedRecover, { calibration }: ResolvedRecipe, model: PlannedModel): number {
  if (!isTraining(recover.mode)) return 0
  const { blocks, head } = weightsOf(model)
  const calibrationTokens = calibration ? calibration.samples * calibration.seq_len : 0
  const weights = recover.train.includes('full') || adapterAmong(recover.train) !== null
  const perToken = 2 * (recover.mode === 'retrain' ? blocks + head : blocks)
  // Forward, backward to the inputs, backward to the weights; retraining runs each block's forward again, and the dense model's where the loss compares with it.
  const passes = 2 + (weights ? 1 : 0) + (recover.mode === 'retrain' ? 1 : 0) + (recover.loss ? 1 : 0)
  const seqLen = recover.mode === 'retrain' ? recover.seq_len : (calibration?.seq_len ?? 0)
  const tokens = recover.steps * recover.batch_size * recover.grad_accumulation * seqLen
  // Errors before and after, over the whole set.
  const errors = recover.mode === 'reconstruct' ? 2 * 2 * blocks * calibrationTokens : 0
  return perToken * passes * tokens + errors
}

/** Weights that a token is multiplied with in all blocks (of a mixture's experts as many as it goes to), and in the head. */
function weightsOf({ modelConfig, parameters }: PlannedModel): { blocks: number; head: number } {
  const blocks = parameters.reduce(
    (sum, { block, expert, shape }) => (block === null ? sum : sum + sizeOf(shape) * tokenShare(modelConfig, expert)),
    0,
  )
  return { blocks, head: modelConfig ? modelConfig.vocabSize * modelConfig.embedSize : 0 }
}

function bytesOf({ tensors }: PlannedModel): number {
  let bytes = 0
  for (const { dtype, shape } of tensors.values()) bytes += shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2)
  return bytes
}

function tokensIn(data: ReadonlyMap<string, DataFacts>, evaluation: ResolvedEvaluation): number {
  const { data: path, field, limit } = evaluation
  if (path === undefined) return plannedWriting(evaluation)
  const file = data.get(path)
  if (limit !== undefined && file?.documents) return (file.bytes / bytesPerToken) * Math.min(1, limit / file.documents)
  const shape = idShapeOf(file, field)
  return shape ? shape.reduce((a, b) => a * b, 1) : (file?.bytes ?? 0) / bytesPerToken
}
