// The one memory model: how a run divides its budget, and the peak that results.
import { blockParameters, endParameters, linearsOfBlock } from '../catalog/families/parameters.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { MachineFacts, ModelFacts } from '../recipe/facts.ts'
import { elementBits } from '../catalog/formats/dtypes.ts'
import { largest } from '../formatting/lists.ts'
import { stepNeedsData, type ResolvedEvaluation, type ResolvedRecipe, type ResolvedRecover } from '../recipe/resolve.ts'
import { taskOf } from '../catalog/tasks/tasks.ts'
import { formatBytes } from '../formatting/numbers.ts'
import { backwardScratchBytes, headScratchBytes, hiddenBytes, savedBytes } from './passMemory.ts'
import { passesOf } from './passes.ts'
import { pruneCost, type BlockWorkPlan } from './pruneCost.ts'
import { bytesPerToken } from './textTokens.ts'
import { countTrainable, setOfBlock, sizeOf, trainableSet, type TrainableSet } from './trainable.ts'

/** Value, gradient and two moments, f32. */
const bytesPerTrainedParameter = 16
/** Tokens that go through a block at once where nothing is trained: more are no faster, fewer leave cores idle. */
export const passTokens = 2048
/** Most token positions in a batch of questions, padding included. Only attention computes the padding. */
const mostPlaces = 2 * passTokens
const leastPlaces = 256

/** Bytes that the process takes for any model: Node, the worker threads, BLAS buffers, staging. */
function overheadBytes(threads: number): number {
  return (130 + 30 * threads) * 2 ** 20
}

export interface Budget {
  /** Calibration activations in memory; more go to disk. */
  readonly activationBytes: number
  /** Calibration activations on a device with memory of its own, all stores together. */
  readonly residentStateBytes: number
  /** Resident blocks and kept activations of whole-model passes. */
  readonly decoderBytes: number
  /** Effective weights kept between the passes of a step. */
  readonly effectiveWeightBytes: number
  /** Hessians of a block, and the largest factor of one. */
  readonly statisticBytes: number
}

/** Least bytes of any share: a budget that is too small makes a run slower, but does not fail it. */
const least = 64 * 2 ** 20

export interface MemoryLimits {
  /** The limit of the whole run (`--memory`). */
  readonly memoryBytes: number
  /** The device's capacity, which may be less. */
  readonly limitBytes: number
  /** Whether the device has its own memory. */
  readonly apart?: boolean
  readonly threads: number
}

/** Share of the device that a run may use; the rest is left to the system and to other processes. */
const usableShare = 0.9

/** Share of a device's own usable memory for states that need not go to the host and back with every block. */
const residentShare = 0.25

/** A warning when a run is allowed more memory than the machine has, else null. */
export function beyondDevice(memoryBytes: number, limitBytes: number): string | null {
  if (memoryBytes <= limitBytes) return null
  const [asked, has, used] = [memoryBytes, limitBytes, usableShare * limitBytes].map(formatBytes)
  return `--memory ${asked} is more than this machine has (${has}): at most ${used} are used`
}

/** A warning when even the smallest plan takes more than the run was allowed, else null. */
export function beyondBudget(memoryBytes: number, leastBytes: number): string | null {
  if (leastBytes <= memoryBytes) return null
  return `--memory allows ${formatBytes(memoryBytes)}, and this takes about ${formatBytes(leastBytes)} at least: allow more; for training, mode reconstruct, smaller batches or shorter windows need less`
}

/** `solvingBytes`: what pruning would take beside a block and its states (pruneCost.ts). */
export function shareMemory(
  { memoryBytes, limitBytes, apart, threads }: MemoryLimits,
  sizes: PlanSizes,
  solvingBytes: number,
): Budget {
  const host = memoryBytes - overheadBytes(threads)
  const residentStateBytes = apart ? residentShare * usableShare * limitBytes : 0
  const usable = apart ? usableShare * limitBytes - residentStateBytes : Math.min(host, usableShare * limitBytes)
  const rest = usable - bytesPerTrainedParameter * sizes.trainable
  const effective = Math.max(0, Math.min(4 * sizes.adapted, rest / 3))
  // One block in f32, and a copy of it while it is read or merged. A device with its own memory also loads the next block, of each model.
  const ahead = apart ? 4 * sizes.blockParameters : 0
  const besideBlock = Math.max(least, rest - effective - blockBytes(sizes) - ahead)
  // Hessians come first: moving states to the disk costs less than running the block again.
  const solving = Math.min(solvingBytes, Math.max(least, besideBlock - least))
  return {
    // A device with its own memory leaves states on the host, which holds a block only while it is read.
    activationBytes: Math.max(least, apart ? host - blockBytes(sizes) / 2 : besideBlock - solving),
    residentStateBytes,
    statisticBytes: solving,
    decoderBytes: Math.max(least, rest - effective),
    effectiveWeightBytes: effective,
  }
}

/** The parameters that one pass over the model trains, and its share of the memory. */
interface Room {
  readonly weights: WeightSizes
  readonly sizes: PlanSizes
  readonly budget: Budget
}

/** Bytes per weight in the forms that it has during a run, judged by the largest tensor. */
interface WeightSizes {
  /** Bytes per weight in the checkpoint. */
  readonly stored: number
  /** Bytes per weight in the form that products read: as stored if products are in bf16. */
  readonly held: number
  /** Whether a copy in bf16 is made for each product. */
  readonly rounded: boolean
  /** Whether a copy in f32 is made while a weight is pruned. */
  readonly widened: boolean
  /** Bytes per weight of an effective weight that is kept. */
  readonly effective: number
}

/** Bytes that are kept free for a block: the largest one in f32, and a copy of it. */
const blockBytes = ({ blockParameters }: PlanSizes): number => 8 * blockParameters

/**
 * Peak in bytes, the largest of what pruning, training and measuring keep at one time, within what the machine lets the run
 * use; 0 for a model of an unknown family. Blocks stream, so a large model is slow in little memory, not refused.
 */
export function estimateMemory(recipe: ResolvedRecipe, model: ModelFacts, machine: MachineFacts | null): number {
  const config = model.modelConfig
  if (!config) return 0
  const threads = machine?.threads ?? 1
  const limits = { memoryBytes: machine?.budgetBytes ?? Infinity, limitBytes: Infinity, threads }
  const weights = weightSizes(model, plannedPrecision(recipe, model, machine))
  const roomOf = (recover: readonly ResolvedRecover[]): Room => {
    const sizes = sizesOf(config, recover)
    const { bytes } = pruneCost(recipe, config, { prunes: true, recoveries: recover })
    return { weights, sizes, budget: shareMemory(limits, sizes, bytes) }
  }
  const { whilePruning, later } = passesOf(recipe.recover, recipe.prune.length > 0)
  const pruning = { prunes: true, recoveries: whilePruning }
  const peaks = [
    recipe.prune.length > 0 ? walkBytes(recipe, config, pruning, roomOf(whilePruning)) : 0,
    ...later.map(({ blockwise, recoveries }) =>
      blockwise
        ? walkBytes(recipe, config, { prunes: false, recoveries }, roomOf(recoveries))
        : recoveries[0].mode === 'merge'
          ? mergingBytes(config, weights)
          : retrainingBytes(recoveries[0], config, roomOf(recoveries)),
    ),
    recipe.evaluate.length > 0 ? measuringBytes(recipe, config, roomOf(recipe.recover)) : 0,
  ]
  return overheadBytes(threads) + Math.max(...peaks)
}

/** The least memory of the run: the peak in the smallest budget. */
export function leastMemory(recipe: ResolvedRecipe, model: ModelFacts, machine: MachineFacts): number {
  return estimateMemory(recipe, model, { ...machine, budgetBytes: 0 })
}

/**
 * Share of a block's bytes as read that is still waiting for garbage collection when the next block is read. Measured on passes of
 * 8 and 32 blocks of LLaMA-7B's shape and 4 of TinyLlama's; passes over two blocks show none.
 */
const lingeringShare = 0.75

/** Peak of a pass over the blocks: a block with its statistics, the streams of hidden states, and its training. */
function walkBytes(recipe: ResolvedRecipe, config: ModelConfig, work: BlockWorkPlan, room: Room): number {
  const { weights, sizes, budget } = room
  const { calibration } = recipe
  const reconstructions = work.recoveries.filter(({ mode }) => mode === 'reconstruct')
  const streams = streamsOf(reconstructions)
  const [samples, seqLen] = [calibration?.samples ?? 0, calibration?.seq_len ?? 0]
  // Magnitude and random pruning read no data, even if the recipe has a calibration.
  const looks = work.recoveries.length > 0 || recipe.prune.some(stepNeedsData)
  const looking = looks ? forwardBytes(config, Math.max(seqLen, passTokens)) + roundedBytes(config, room) : 0
  const states = looks ? Math.min(budget.activationBytes, streams * hiddenBytes(config, samples * seqLen)) : 0
  const windows = largest(reconstructions, 0, (one) => one.batch_size)
  const training = windows > 0 ? trainingBytes(config, windows * seqLen, room) : 0
  const cost = pruneCost(recipe, config, work)
  const solving = Math.max(cost.leastBytes, Math.min(cost.bytes, budget.statisticBytes))
  // No window goes through the block while one of its linears is solved, but WebAssembly memory that windows took is not given back.
  const pruning = Math.max(looking + solving - cost.solvingBytes, solving) + widenedBytes(config, room)
  // While the block is read or written, nothing else is in memory.
  const moving = weights.stored * sizes.blockParameters
  const lingering = config.numBlocks > 2 ? lingeringShare * moving : 0
  return weights.held * sizes.blockParameters + lingering + states + Math.max(moving, pruning, training)
}

/** For products in bf16, one matrix at a time is rounded. */
function roundedBytes(config: ModelConfig, { weights }: Room): number {
  return weights.rounded ? 2 * largestLinear(config) : 0
}

function widenedBytes(config: ModelConfig, { weights }: Room): number {
  return weights.widened ? 4 * largestLinear(config) : 0
}

function largestLinear(config: ModelConfig): number {
  return Math.max(...linearsOfBlock(config, 0).map(({ shape }) => sizeOf(shape)))
}

function weightSizes({ tensors }: Pick<ModelFacts, 'tensors'>, precision: PlannedPrecision): WeightSizes {
  let [most, type, bytes] = [0, '', 4]
  for (const { dtype, shape } of tensors.values()) {
    if (sizeOf(shape) <= most) continue
    most = sizeOf(shape)
    type = dtype
    bytes = elementBits(dtype) / 8
  }
  const stored = Math.min(4, bytes)
  if (precision === 'f32') return { stored, held: 4, rounded: false, widened: false, effective: 4 }
  return { stored, held: stored, rounded: type !== 'BF16', widened: stored < 4, effective: 2 }
}

/**
 * Streams of hidden states: the finished one, dense ones where a target needs them, one between attention and MLP per
 * reconstruction of submodules.
 */
function streamsOf(reconstructions: readonly ResolvedRecover[]): number {
  const has = (kind: ResolvedRecover['targets']) => reconstructions.some(({ targets }) => targets === kind)
  const middles = reconstructions.filter(({ window }) => window === 'submodule').length
  return 1 + (has('block') ? 1 : 0) + (has('model') ? 2 : 0) + middles
}

/** Trained numbers, effective weights, and a step of one block. */
function trainingBytes(config: ModelConfig, tokens: number, room: Room): number {
  const { sizes } = room
  const step = savedBytes(config, tokens) + backwardScratchBytes(config, tokens) + roundedBytes(config, room)
  return bytesPerTrainedParameter * sizes.trainable + keptWeightBytes(room) + step
}

/** Effective weights between the passes of a step, as many as the budget has room for in the type of the products. */
function keptWeightBytes({ weights, sizes, budget }: Room): number {
  return Math.min(budget.effectiveWeightBytes, weights.effective * sizes.adapted)
}

/** A weight as read, widened and as it is written, and a panel of the update, all of the largest linear. */
function mergingBytes(config: ModelConfig, { stored }: WeightSizes): number {
  return largestLinear(config) * (2 * stored + 2 * 4)
}

function retrainingBytes(recover: ResolvedRecover, config: ModelConfig, room: Room): number {
  const { sizes, budget, weights } = room
  const tokens = recover.batch_size * recover.seq_len
  const scratch = Math.max(backwardScratchBytes(config, tokens), headScratchBytes(config, tokens, true))
  const whole = weightBytes(config, weights) + hiddenBytes(config, tokens) * (config.numBlocks + 1) + scratch
  const kept = savedBytes(config, tokens) * config.numBlocks
  const trained = bytesPerTrainedParameter * sizes.trainable + keptWeightBytes(room)
  // The least that a pass needs, with its blocks streamed.
  const least = leastPassBytes(config, weights, tokens, scratch)
  const dense = recover.loss ? denseModelBytes(config, weights.held, tokens) : 0
  return trained + Math.max(dense > 0 ? 2 * least : least, Math.min(budget.decoderBytes, whole + kept + dense))
}

/** The dense model beside the one that is retrained, all of it in memory: its weights and a forward pass. */
export function denseModelBytes(config: ModelConfig, held: number, tokens: number): number {
  return weightBytes(config, { held }) + forwardBytes(config, tokens)
}

/** Bytes per weight that a pass must have room for whatever the precision. */
const widest = { held: 4 }

/** Token positions in a batch of questions: as many as the budget of a pass over the model has room for. */
export function questionPlaces(config: ModelConfig, decoderBytes: number): number {
  const room = decoderBytes - leastPassBytes(config, widest, 0, headScratchBytes(config, passTokens, false))
  const places = Math.floor(room / forwardBytes(config, 1))
  return Math.min(mostPlaces, Math.max(leastPlaces, places))
}

function measuringBytes({ evaluate }: ResolvedRecipe, config: ModelConfig, { budget, weights }: Room): number {
  const tokensOf = (evaluation: ResolvedEvaluation) =>
    taskOf(evaluation.task).questions
      ? questionPlaces(config, budget.decoderBytes)
      : Math.max(passTokens, evaluation.seq_len ?? 0, longestPrompt(evaluation))
  const tokens = Math.max(...evaluate.map(tokensOf))
  const scratch = headScratchBytes(config, tokens, false)
  const whole = weightBytes(config, weights) + forwardBytes(config, tokens) + scratch
  return Math.max(leastPassBytes(config, weights, tokens, scratch), Math.min(budget.decoderBytes, whole))
}

/** Estimated tokens of the longest prompt. */
function longestPrompt({ prompts = [] }: ResolvedEvaluation): number {
  return Math.ceil(largest(prompts, 0, ({ length }) => length) / bytesPerToken)
}

/** Least bytes of a pass over the model, with its blocks streamed: the ends, one block and its states. */
function leastPassBytes(
  config: ModelConfig,
  { held }: Pick<WeightSizes, 'held'>,
  tokens: number,
  scratch: number,
): number {
  const block = planSizes(config, null, 1, false).blockParameters
  return endsBytes(config, held) + 2 * held * block + forwardBytes(config, tokens) + scratch
}

function forwardBytes(config: ModelConfig, tokens: number): number {
  return savedBytes(config, tokens) + 2 * hiddenBytes(config, tokens)
}

function endsBytes(config: ModelConfig, held: number): number {
  return endParameters(config).reduce((sum, { shape }) => sum + held * sizeOf(shape), 0)
}

/** All weights as passes over the model hold them. */
function weightBytes(config: ModelConfig, { held }: Pick<WeightSizes, 'held'>): number {
  return endsBytes(config, held) + held * config.numBlocks * planSizes(config, null, 1, false).blockParameters
}

/** Numbers that are in memory at once: of one block, or of all that trains. */
interface PlanSizes {
  /** Parameters of the largest block. */
  readonly blockParameters: number
  /** Numbers that train at once, adapters included. */
  readonly trainable: number
  /** Weights that train under an adapter at once: each has an f32 effective weight beside it. */
  readonly adapted: number
}

/** The largest of each size over these recoveries: they run one after the other. */
export function sizesOf(config: ModelConfig, recover: readonly ResolvedRecover[]): PlanSizes {
  const sizes = recover.map((one) =>
    planSizes(config, trainableSet(config, one), one.lora.rank, one.mode === 'reconstruct'),
  )
  return {
    blockParameters: planSizes(config, null, 1, false).blockParameters,
    trainable: largest(sizes, 0, ({ trainable }) => trainable),
    adapted: largest(sizes, 0, ({ adapted }) => adapted),
  }
}

function planSizes(config: ModelConfig, set: TrainableSet | null, rank: number, reconstructs: boolean): PlanSizes {
  const blocks = Array.from({ length: config.numBlocks }, (_, block) => block)
  const parts = !set ? [] : reconstructs ? blocks.map((block) => setOfBlock(config, set, block)) : [set]
  const weights = ({ adapted }: TrainableSet) => adapted.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return {
    blockParameters: largest(blocks, 0, (block) => parametersOf(config, block)),
    trainable: largest(parts, 0, (part) => countTrainable(part, rank)),
    adapted: largest(parts, 0, weights),
  }
}

function parametersOf(config: ModelConfig, block: number): number {
  return blockParameters(config, block).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}

export type PlannedPrecision = 'f32' | 'bf16'

/** The precision of a run's products as far as facts are known; `computeIn` decides it once the device is open. */
export function plannedPrecision(
  { precision }: Pick<ResolvedRecipe, 'precision'>,
  { modules, tensors }: Pick<ModelFacts, 'modules' | 'tensors'>,
  machine: Pick<MachineFacts, 'bf16'> | null,
): PlannedPrecision {
  if (precision !== 'auto') return precision
  const linears = modules.filter(({ kind, block }) => kind === 'linear' && block !== null)
  const narrow = linears.every(({ name }) => {
    const dtype = tensors.get(`${name}.weight`)?.dtype
    return dtype === 'BF16' || dtype === 'F16'
  })
  return machine?.bf16 && narrow ? 'bf16' : 'f32'
}
