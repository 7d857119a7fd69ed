// Reconstruction of one block of a model: trainables over its pruned weights, training, merging back into the block.
// The block is trained as one unit (PERP), or its attention first and then its MLP (arXiv 2510.14444).
import { adapterOf, isAdapterName } from '../../catalog/adapters/adapters.ts'
import { type Backend, readWide } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { type Block, placeBlock } from '../model/block.ts'
import type { Model } from '../model/model.ts'
import { EngineError } from '../errors.ts'
import type { Mask } from '../prune/mask.ts'
import { Diverged } from './divergence.ts'
import type { OnMerge } from './movement.ts'
import type { Movement } from '../../runs/series/events.ts'
import {
  eachOutput,
  type HiddenStates,
  measureError,
  reconstruct,
  type Reconstruction,
  type ReconstructOptions,
  type ReconstructSettings,
  type Unit,
} from './reconstruct.ts'
import { setOfSubmodule, type TrainableSet } from '../../plan/trainable.ts'
import { createTrainables, type TrainableOptions, type Trainables } from './trainables.ts'
import { Arena } from '../compute/arena.ts'
import { blockBackward, blockForward, type BlockSaved } from '../model/blockPass.ts'
import {
  type AttentionPartSaved,
  attentionSubmodule,
  attentionSubmoduleBackward,
  type MlpPartSaved,
  mlpSubmodule,
  mlpSubmoduleBackward,
} from '../model/submodule.ts'
import { runPass } from '../model/pass.ts'

export interface ReconstructBlockOptions
  extends
    Omit<ReconstructOptions<unknown>, 'unit' | 'trainables' | 'where'>,
    Pick<TrainableOptions, 'rank' | 'alpha' | 'startOf' | 'effectiveWeightBytes'> {
  readonly model: Model
  /** The pruned block; trained values are merged into it. */
  readonly block: Block
  /** The parameters and adapters of the block that are trained; not empty. */
  readonly set: TrainableSet
  readonly masks: ReadonlyMap<string, Mask>
  /** Called when a unit is trained again from its start at half the rate; `why` says what it did at the previous rate. */
  readonly onLowerRate?: (where: string, why: string, lr: number) => void
  /** Called when a unit stays as it was pruned, since every rate ended with a larger error; `lr` is the lowest rate. */
  readonly onUntrained?: (where: string, lr: number) => void
  readonly onMerge?: OnMerge
}

export interface BlockReconstruction {
  readonly errorBefore: number
  /** Error with adapters in place, not yet merged. */
  readonly errorAfter: number
  /** Error after merging; it differs for adapters whose merge drops their updates of pruned weights. */
  readonly errorMerged: number
  /** How far each changed tensor moved, by name in the checkpoint. */
  readonly moved?: Readonly<Record<string, Movement>>
}

/** @throws Diverged when training diverges at an eighth of the rate too; the block is then unchanged. */
export async function reconstructBlock(options: ReconstructBlockOptions): Promise<BlockReconstruction> {
  const where = `block ${options.block.index}`
  const result = await trainUnit(options, { ...options, unitOf: blockUnit, where })
  const lossy = options.set.adapted.some(({ kind }) => isAdapterName(kind) && !adapterOf(kind).exact)
  return { ...result, errorMerged: lossy ? await blockError(options) : result.errorAfter }
}

/** Hidden states that can be written over. */
interface StoredStates extends HiddenStates {
  store(start: number, rows: Tensor): Promise<void>
}

/**
 * Trains attention, then the MLP, each by itself with all of the steps: attention towards `middles`, the dense states between
 * the two. The MLP's inputs are those states (`mlpInputs: dense`) or the outputs of the trained attention, which then
 * replace the dense states in `middles`.
 * @throws Diverged when training diverges at an eighth of the rate too; attention may be trained by then.
 */
export async function reconstructSubmodules(
  options: ReconstructBlockOptions,
  middles: StoredStates,
  mlpInputs: 'dense' | 'trained',
): Promise<BlockReconstruction> {
  const { model, block, inputs, targets, settings, onStep } = options
  const where = (name: string) => `block ${block.index}, ${name}`
  const setOf = (name: 'attention' | 'mlp') => setOfSubmodule(model.config, options.set, block.index, name)
  const errorBefore = await blockError(options)
  const attention = { set: setOf('attention'), inputs, targets: middles, where: where('attention') }
  await trainUnit(options, { ...attention, unitOf: attentionUnit, onStep })
  if (mlpInputs === 'trained') {
    const trained = { ...options, unit: attentionUnit(block), trainables: frozen }
    await eachOutput(trained, (output, _, start) => middles.store(start, output))
  }
  const mlp = { set: setOf('mlp'), inputs: middles, targets, where: where('MLP') }
  const laterStep: typeof onStep = (step, ...rest) => onStep?.(settings.steps + step, ...rest)
  await trainUnit(options, { ...mlp, unitOf: mlpUnit, onStep: laterStep })
  const errorAfter = await blockError(options)
  return { errorBefore, errorAfter, errorMerged: errorAfter }
}

const frozen = { adapterOf: () => null }

interface Part<S> extends Pick<ReconstructOptions<S>, 'inputs' | 'targets' | 'where' | 'onStep'> {
  readonly set: TrainableSet
  readonly unitOf: (block: Block) => Unit<S>
}

/** How often the rate is halved for a unit that diverges, or whose error grows. */
const mostHalvings = 3

/**
 * Trains what `part.set` names, if anything, and merges it into the block. One rate seldom suits all blocks, so it may be lowered
 * (`onLowerRate`). A unit never gets worse: if the error grows at the lowest rate too, the unit stays as it was.
 */
async function trainUnit<S>(options: ReconstructBlockOptions, part: Part<S>): Promise<Reconstruction> {
  if (part.set.direct.length + part.set.adapted.length === 0) return { errorBefore: 0, errorAfter: 0 }
  for (let halved = 0; ; halved++) {
    const lr = options.settings.lr / 2 ** halved
    const isLast = halved === mostHalvings
    let why = 'diverged'
    try {
      const { errorBefore, errorAfter } = await trainOnce(options, part, { ...options.settings, lr })
      if (errorAfter <= errorBefore) return { errorBefore, errorAfter }
      if (isLast) {
        options.onUntrained?.(part.where, lr)
        return { errorBefore, errorAfter: errorBefore }
      }
      why = `ended with a larger error, ${errorBefore.toPrecision(3)} → ${errorAfter.toPrecision(3)},`
    } catch (error) {
      if (!(error instanceof Diverged) || isLast) throw error
    }
    options.onLowerRate?.(part.where, why, lr / 2)
  }
}

/** Merges what was trained, unless the error grew. */
async function trainOnce<S>(
  options: ReconstructBlockOptions,
  part: Part<S>,
  settings: ReconstructSettings,
): Promise<Reconstruction> {
  const { backend, block } = options
  const valueOf = (name: string) => readWide(backend, parameterOf(block, name))
  const maskOf = async (linear: string) => options.masks.get(linear)
  const trainables = await createTrainables(backend, part.set, { ...options, valueOf, maskOf })
  try {
    const unit = part.unitOf(trainedBlock(options, trainables))
    const result = await reconstruct({ ...options, ...part, settings, trainables, unit })
    if (result.errorAfter <= result.errorBefore) await mergeInto(backend, block, trainables, options.onMerge)
    return result
  } finally {
    trainables.close()
  }
}

/** Error of the block in its current state, over the whole set. */
async function blockError(options: ReconstructBlockOptions): Promise<number> {
  return (await measureError({ ...options, trainables: frozen, unit: blockUnit(options.block) })).error
}

/** The block with views of the trained parameters in place of its own; it owns no memory. */
function trainedBlock({ backend, model, block }: ReconstructBlockOptions, { overrides }: Trainables): Block {
  return placeBlock(backend, model, block.index, [], { as: 'f32', overrides: new Map([...block.params, ...overrides]) })
}

/** Puts trained values and merged adapters into the block's own tensors, in their types. */
export async function mergeInto(
  backend: Backend,
  block: Block,
  trainables: Trainables,
  onMerge?: OnMerge,
): Promise<void> {
  for (const [name, tensor] of block.params) {
    const value = trainables.parameters.param(name)
    if (!value || value.buffer === tensor.buffer) continue
    await onMerge?.(name, tensor, value)
    backend.kernels.convert(tensor, value)
  }
  for (const linear of block.linears) {
    if (!trainables.adapterOf(linear)) continue
    const merged = backend.allocate('f32', linear.weight.shape)
    try {
      trainables.merge(linear, merged)
      await onMerge?.(`${linear.name}.weight`, linear.weight, merged)
      backend.kernels.convert(linear.weight, merged)
    } finally {
      backend.release(merged)
    }
  }
}

function parameterOf(block: Block, name: string) {
  const tensor = block.params.get(name)
  if (tensor) return tensor
  throw new EngineError('internal', `block ${block.index} has no ${name}`)
}

// Units that reconstruction can train at once: a whole block, or its attention or its MLP with its norm and residual.

function blockUnit(block: Block): Unit<BlockSaved> {
  return {
    forward: (step, input, save) => blockForward(step, block, input, save),
    backward: async (step, saved, dOutput, grads) => {
      await blockBackward(step, block, saved, dOutput, grads, false)
    },
  }
}

export function attentionUnit(block: Block): Unit<AttentionPartSaved> {
  return {
    forward: (step, input, save) =>
      runPass(step, input.shape, save, (pass, output) => attentionSubmodule(pass, block, input, output)),
    backward: async (step, saved, dOutput, grads) => {
      using scope = new Arena(step.backend)
      await attentionSubmoduleBackward({ step, scope, block, saved, grads }, dOutput, null)
    },
  }
}

export function mlpUnit(block: Block): Unit<MlpPartSaved> {
  return {
    forward: (step, input, save) =>
      runPass(step, input.shape, save, (pass, output) => mlpSubmodule(pass, block, input, output)),
    backward: async (step, saved, dOutput, grads) => {
      using scope = new Arena(step.backend)
      await mlpSubmoduleBackward({ step, scope, block, saved, grads }, dOutput, null)
    },
  }
}
