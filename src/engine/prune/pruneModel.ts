// The pruning loop (methods.md 4), block by block: dense forward with observers, prune, let the caller train, round
// to the stored type, propagate. Statistics and inputs always come from the already finished earlier blocks.
import type { Backend } from '../compute/backend.ts'
import type { PruneKernels } from '../compute/pruneKernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Linear, Step } from '../model/module.ts'
import type { Activations } from './activations.ts'
import type { Mask } from './mask.ts'
import type { PruneEntry } from './plan.ts'

/** What the loop needs of a block; model/ has more to it. Weights are f32, on the device of the forward passes. */
export interface PrunableBlock {
  readonly index: number
  /** Model order. */
  readonly linears: readonly Linear[]
}

/** The model as the loop sees it, one block at a time. */
export interface BlockStream<B extends PrunableBlock> {
  readonly blockCount: number
  /** Channels of the hidden states. */
  readonly channels: number
  load(index: number): Promise<B>
  release(block: B): void
  /** ids i32 [batch, seqLen] → the input of block 0 [batch·seqLen, channels], in the step's arena. */
  embed(step: Step, ids: Int32Array): Promise<Tensor>
  /** Output [batch·seqLen, channels] of the block, in the step's arena. */
  forward(step: Step, block: B, input: Tensor): Promise<Tensor>
  /** Rounds the block's weights to the checkpoint's types, in place. */
  round(block: B): void
}

/** Ids [windows, seqLen], row-major, no padding. */
export interface CalibrationSet {
  readonly ids: Int32Array
  readonly windows: number
  readonly seqLen: number
}

/** What pruning did to one linear. */
export interface PrunedLinear {
  readonly name: string
  readonly method: PruneEntry['method'] | null
  readonly zeros: number
  readonly size: number
  /** SparseGPT: Σ (w − q)² / d² / 2. */
  readonly loss: number | null
}

/** A block between its stages. Tensors and activations belong to the loop: use them, do not release them. */
export interface BlockState<B extends PrunableBlock> {
  readonly block: B
  /** Of every linear that is pruned, now or before; complete from `onPruned` on. */
  readonly masks: ReadonlyMap<string, Mask>
  readonly pruned: readonly PrunedLinear[]
  /** Inputs of the block in the finished stream; null when the run has no data. */
  readonly inputs: Activations | null
  /** With `dense: 'block'`: the dense block's outputs on `inputs`. With 'model': the dense model's own outputs of this block. */
  readonly denseOutputs: Activations | null
  /** With `dense: 'model'`: the dense model's own inputs of this block. */
  readonly denseInputs: Activations | null
}

export interface PruneHooks<B extends PrunableBlock> {
  /** The block is still dense, statistics are complete: the place to keep copies of what pruning changes. */
  onDense?(state: BlockState<B>): Promise<void>
  /** Pruned weights are exactly 0: the place to reconstruct (train, and merge adapters into the weights). */
  onPruned?(state: BlockState<B>): Promise<void>
  /** Weights are rounded to the stored types, later blocks see these: the place to save. */
  onFinished?(state: BlockState<B>): Promise<void>
  /** A block that an earlier run has finished: its masks, or null. The stream's `load` gives its finished weights. */
  finishedMasks?(index: number): Promise<ReadonlyMap<string, Mask> | null>
}

export interface PruneOptions<B extends PrunableBlock> {
  /** Where forward passes run and the blocks of `stream` lie. */
  readonly backend: Backend
  /** Where weights are pruned: always a CPU backend, possibly `backend` itself. */
  readonly host: Backend & { readonly prune: PruneKernels }
  readonly stream: BlockStream<B>
  readonly entries: readonly PruneEntry[]
  /** Masks of linears that are pruned already and not by `entries`. */
  readonly given?: ReadonlyMap<string, Mask>
  /** null is enough for magnitude and random pruning without hooks that need inputs. */
  readonly calibration: CalibrationSet | null
  /** Which dense outputs to keep for reconstruction (recipe: `inputs: pruned` → block, `inputs: dense` → model). */
  readonly dense: 'none' | 'block' | 'model'
  readonly seed: number
  /** Windows in one forward pass; default: about 2048 tokens. */
  readonly batch?: number
  /** What the activations may take in memory before they go to disk. */
  readonly activationBytes: number
  readonly hooks: PruneHooks<B>
  readonly signal?: AbortSignal
  /** `unit` is windows while a block runs; done and total count over the whole loop. */
  readonly onProgress?: (done: number, total: number, block: number) => void
  readonly onWarning?: (message: string) => void
}
