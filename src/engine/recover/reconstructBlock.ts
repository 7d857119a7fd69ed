// Reconstruction of one block of a model: trainables over its pruned weights, training, merging back into the block.
import type { Backend } from '../compute/backend.ts'
import { readF32 } from '../compute/backend.ts'
import { placeBlock, type Block } from '../model/block.ts'
import { blockBackward, blockForward, type BlockSaved } from '../model/blockPass.ts'
import type { Model } from '../model/model.ts'
import { EngineError } from '../errors.ts'
import type { Mask } from '../prune/mask.ts'
import { measureError, reconstruct, type ReconstructOptions, type Unit } from './reconstruct.ts'
import { createTrainables, type TrainableOptions, type Trainables, type TrainableSet } from './trainables.ts'

export interface ReconstructBlockOptions
  extends
    Omit<ReconstructOptions<BlockSaved>, 'unit' | 'trainables' | 'where'>,
    Pick<TrainableOptions, 'rank' | 'alpha' | 'startOf' | 'effectiveWeightBytes'> {
  readonly model: Model
  /** Weights f32, pruned entries 0. Trained values are merged into it. */
  readonly block: Block
  /** What of the block is trained; not empty. */
  readonly set: TrainableSet
  readonly masks: ReadonlyMap<string, Mask>
}

export interface BlockReconstruction {
  readonly errorBefore: number
  /** Adapters not yet merged. */
  readonly errorAfter: number
  /** After merging: differs for LoRA-Prune only, whose merge drops what it learnt on pruned weights. */
  readonly errorMerged: number
}

/** @throws EngineError 'numeric' when training diverges; the block is then as it was. */
export async function reconstructBlock(options: ReconstructBlockOptions): Promise<BlockReconstruction> {
  const { backend, block } = options
  const valueOf = async (name: string) => readF32(backend, parameterOf(block, name))
  const trainables = await createTrainables(backend, options.set, { ...options, valueOf })
  try {
    const training = { ...options, trainables, where: `block ${block.index}` }
    const { errorBefore, errorAfter } = await reconstruct({
      ...training,
      unit: blockUnit(trainedBlock(options, trainables)),
    })
    mergeInto(backend, block, trainables)
    const lossy = options.set.adapted.some(({ kind }) => kind === 'lora_prune')
    const plain = { ...training, trainables: { adapterOf: () => null }, unit: blockUnit(block) }
    const errorMerged = lossy ? (await measureError(plain)).error : errorAfter
    return { errorBefore, errorAfter, errorMerged }
  } finally {
    trainables.close()
  }
}

/** The same block with trained parameters where they are trained: views into the arena, nothing of its own. */
function trainedBlock({ backend, model, block }: ReconstructBlockOptions, { overrides }: Trainables): Block {
  return placeBlock(backend, model, block.index, [], { as: 'f32', overrides: new Map([...block.params, ...overrides]) })
}

function blockUnit(block: Block): Unit<BlockSaved> {
  return {
    forward: (step, input, save) => blockForward(step, block, input, save),
    backward: async (step, saved, dOutput, grads) => {
      await blockBackward(step, block, saved, dOutput, grads, false)
    },
  }
}

/** Puts trained values and merged adapters into the block's own tensors (f32). */
export function mergeInto(backend: Backend, block: Block, trainables: Trainables): void {
  for (const [name, tensor] of block.params) {
    const value = trainables.parameters.param(name)
    if (value && value.buffer !== tensor.buffer) backend.kernels.convert(tensor, value)
  }
  for (const linear of block.linears) {
    if (!trainables.adapterOf(linear)) continue
    const merged = backend.allocate('f32', linear.weight.shape)
    trainables.merge(linear, merged)
    backend.kernels.convert(linear.weight, merged)
    backend.release(merged)
  }
}

function parameterOf(block: Block, name: string) {
  const tensor = block.params.get(name)
  if (tensor) return tensor
  throw new EngineError('internal', `block ${block.index} has no ${name}`)
}
