// How long a run takes, and its parts: the work of each by kind (methods/work.ts, passWork.ts) at the rates of this machine.
// `run` shows a measured remaining time as soon as it runs.
import type { Stage } from '../catalog/stages.ts'
import { idShapeOf, type DataFacts } from '../recipe/facts.ts'
import { tried } from '../catalog/allocations/allocation.ts'
import { allocationOf, keysOf } from '../catalog/allocations/allocations.ts'
import {
  secondsOfWork,
  sumOf,
  timesWork,
  usualRates,
  workKinds,
  type Rates,
  type Work,
} from '../catalog/methods/work.ts'
import { triedWindows } from '../recipe/defaults.ts'
import type { ResolvedEvaluation, ResolvedRecipe } from '../recipe/resolve.ts'
import { outputsOf, savesPruned, type OutputKind } from './outputs.ts'
import { passesOf, timesBetweenAll, type RecoveryPass } from './passes.ts'
import { passWork } from './passWork.ts'
import { spreadsOverBlocks } from './pruneEntries.ts'
import { plannedPrecision } from './plannedPrecision.ts'
import { recoverWork, walkWork, type Planned, type PlannedMachine, type PlannedModel } from './recoverWork.ts'
import { bytesPerToken, plannedWriting } from './textTokens.ts'

/** Operations per second of a GPU: a guess on the low side. */
const perGpu = 2e12
/** Tokens of a sequence where a task reads rows as long as they are. */
const usualLength = 128
/** What kernels take, and calling them, memory for them, and its collector, over what kernels take (profiles of runs: 5 to 10 %). */
const besideKernels = 1.07
/** Reading, starting threads, compiling shaders. */
const startSeconds = 1.5

/**
 * Parts of a run; `allocate` is the trial of settings before anything is pruned, `baseline` is the pruning pass by which a run that recovers block by block has a pruned model to measure or
 * to save, `recover 0` the first pass of recovery after pruning,
 * `evaluate between 0` all measurements of the first entry of `evaluate` in the middle of recoveries.
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
}

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

/** The parts that the recipe asks for. */
export function plannedParts(
  recipe: ResolvedRecipe,
  model: PlannedModel,
  machine: PlannedMachine,
  tokensOf: (evaluation: ResolvedEvaluation) => number,
): PlannedPart[] {
  const seconds = secondsFor(machine)
  const parts = partsOfWork(recipe, model, machine, tokensOf).map(({ part, work }) => ({
    part,
    seconds: seconds(work),
  }))
  return parts.filter((part) => part.seconds > 0)
}

/** The work of each part; some have none. */
export function partsOfWork(
  recipe: ResolvedRecipe,
  model: PlannedModel,
  machine: PlannedMachine,
  tokensOf: (evaluation: ResolvedEvaluation) => number,
): { readonly part: WorkPart; readonly work: Work }[] {
  const config = model.modelConfig
  if (!config) return []
  const precision = plannedPrecision(recipe, model, machine)
  const planned: Planned = { recipe, model, config, machine, precision, passes: passWork(config, precision) }
  const { evaluate, recover, prune } = recipe
  // Every pass reads all weights, those of the dense model too where the loss compares with it, and writes what it changed into a stage.
  const bytes = bytesOf(model)
  const moving = { disk: 2 * bytes }
  const beside = ({ recoveries }: RecoveryPass) => (recoveries.some(({ loss }) => loss) ? { disk: bytes } : {})
  const { whilePruning, later } = passesOf(recover, prune.length > 0)
  const measuring = (e: ResolvedEvaluation) => measuringWork(planned, e, tokensOf(e))
  const stage = (name: Stage) => sumOf(evaluate.filter((e) => isAskedAt(e, name, recipe)).map(measuring))
  const recovering = ({ recoveries }: RecoveryPass) => sumOf(recoveries.map((one) => recoverWork(planned, one)))
  const walking = (pass: RecoveryPass, prunes: boolean) =>
    pass.blockwise ? walkWork(planned, { prunes, recoveries: pass.recoveries }) : {}
  const first: RecoveryPass = { blockwise: true, recoveries: whilePruning }
  const again = evaluate.some((e) => isAskedAt(e, 'pruned', recipe)) || savesPruned(recipe)
  return [
    { part: 'evaluate dense', work: stage('dense') },
    { part: 'allocate', work: timesWork(tries(recipe), tryWork(planned)) },
    {
      part: 'baseline',
      work: whilePruning.length > 0 && again ? walking({ blockwise: true, recoveries: [] }, true) : {},
    },
    { part: 'prune', work: prune.length > 0 ? sumOf([walking(first, true), recovering(first), moving]) : {} },
    { part: 'evaluate pruned', work: stage('pruned') },
    ...later.map((pass, i) => ({
      part: `recover ${i}` as const,
      work: sumOf([walking(pass, false), recovering(pass), moving, beside(pass)]),
    })),
    ...evaluate.map((e, i) => ({
      part: `evaluate between ${i}` as const,
      work: timesWork(timesBetweenAll(recipe, config.numBlocks, e.every), measuring(e)),
    })),
    { part: 'evaluate recovered', work: stage('recovered') },
    ...outputsOf(recipe).map(({ kind }) => ({ part: `save ${kind}` as const, work: moving })),
  ]
}

/** Seconds of work on this machine. */
export function secondsFor({ gpu, threads, rates = usualRates }: PlannedMachine): (work: Work) => number {
  if (gpu) return (work) => secondsOfWork(work, gpuRates)
  return ({ disk = 0, ...work }) =>
    (besideKernels * secondsOfWork(work, rates)) / Math.max(1, threads) + disk / rates.disk
}

/** Beside products, a GPU takes no time that would tell. */
const gpuRates = Object.fromEntries(
  workKinds.map((kind) => [kind, kind === 'disk' ? usualRates.disk : perGpu]),
) as Rates

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

/** A pass over the text that is measured on. */
function measuringWork(
  { passes, config }: Planned,
  { seq_len: seqLen = usualLength }: ResolvedEvaluation,
  tokens: number,
): Work {
  return sumOf([passes.forward({ tokens, seqLen: Math.min(seqLen, config.maxPositions) }), passes.head(tokens)])
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
function tryWork(planned: Planned): Work {
  const { calibration } = planned.recipe
  if (!calibration) return {}
  const { seq_len: seqLen } = calibration
  const samples = Math.min(triedWindows, calibration.samples)
  const few = { ...planned, recipe: { ...planned.recipe, calibration: { ...calibration, samples } } }
  const tokens = samples * seqLen
  const { forward, head } = planned.passes
  return sumOf([walkWork(few, { prunes: true, recoveries: [] }), forward({ tokens, seqLen }), head(tokens)])
}

function bytesOf({ tensors }: PlannedModel): number {
  let bytes = 0
  for (const { dtype, shape } of tensors.values()) bytes += shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2)
  return bytes
}

function tokensIn(data: ReadonlyMap<string, DataFacts>, evaluation: ResolvedEvaluation): number {
  const { data: path, field, samples = Infinity, seq_len: seqLen = usualLength, limit } = evaluation
  if (path === undefined) return plannedWriting(evaluation)
  const file = data.get(path)
  if (limit !== undefined && file?.documents) return (file.bytes / bytesPerToken) * Math.min(1, limit / file.documents)
  const shape = idShapeOf(file, field)
  const all = shape ? shape.reduce((a, b) => a * b, 1) : (file?.bytes ?? 0) / bytesPerToken
  return Math.min(all, samples * seqLen)
}
