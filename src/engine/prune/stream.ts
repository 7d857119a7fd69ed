// The calibration set flowing through the model, one block and a few windows at a time.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { eachBatch } from '../model/eachBatch.ts'
import type { Linear, LinearObserver, Step } from '../model/module.ts'
import { createActivations, type ActivationBudget, type Activations } from './activations.ts'

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
  /** [O, I] of every linear of the blocks by module name, in model order. */
  readonly shapes: ReadonlyMap<string, readonly [number, number]>
  /** The block as the source checkpoint has it. */
  load(index: number): Promise<B>
  release(block: B): void
  /** ids [step.batch · step.seqLen] → the input of block 0 [batch·seqLen, channels], in the step's arena. */
  embed(step: Step, ids: Int32Array): Promise<Tensor>
  /** Output [batch·seqLen, channels] of the block, in the step's arena. */
  forward(step: Step, block: B, input: Tensor): Promise<Tensor>
  /** The same in two: the state between attention and MLP, and what the MLP makes of it. */
  attention(step: Step, block: B, input: Tensor): Promise<Tensor>
  mlp(step: Step, block: B, middle: Tensor): Promise<Tensor>
  /** Rounds the block's parameters to the checkpoint's types, in place. */
  round(block: B): void
}

/** Ids [windows, seqLen], row-major, no padding. */
export interface CalibrationSet {
  readonly ids: Int32Array
  readonly windows: number
  readonly seqLen: number
}

/** Runs batches of windows; what a pass over the calibration set shares. */
export interface Flow<B extends PrunableBlock> {
  readonly backend: Backend
  readonly stream: BlockStream<B>
  readonly set: CalibrationSet
  readonly budget: ActivationBudget
  readonly signal?: AbortSignal
  /** Called after every batch with the windows it had. */
  readonly onWindows: (windows: number) => void
}

/** An empty store of the hidden states of the whole set. */
export function createStream<B extends PrunableBlock>(flow: Flow<B>): Activations {
  const { windows, seqLen } = flow.set
  return createActivations(flow.backend, { windows, seqLen, channels: flow.stream.channels }, flow.budget)
}

/** The inputs of block 0. */
export async function embedAll<B extends PrunableBlock>(flow: Flow<B>): Promise<Activations> {
  const output = createStream(flow)
  try {
    const { ids, seqLen } = flow.set
    await eachBatch({ ...flow, ...flow.set }, async (step, start, end) => {
      await output.store(start, await flow.stream.embed(step, ids.subarray(start * seqLen, end * seqLen)))
    })
  } catch (error) {
    await output.close()
    throw error
  }
  return output
}

/**
 * Runs all windows through a block. `output` may be `input` (in place), or null when only `observe` matters; `middles`
 * takes the states between attention and MLP.
 */
export async function runBlock<B extends PrunableBlock>(
  flow: Flow<B>,
  block: B,
  input: Activations,
  output: Activations | null,
  { observe, middles = null }: { observe?: LinearObserver; middles?: Activations | null } = {},
): Promise<void> {
  const { stream } = flow
  await eachBatch({ ...flow, ...flow.set, observe }, async (step, start, end) => {
    const x = await input.load(step.arena, start, end)
    const middle = middles && (await stream.attention(step, block, x))
    if (middle) await middles?.store(start, middle)
    const result = middle ? await stream.mlp(step, block, middle) : await stream.forward(step, block, x)
    if (output) await output.store(start, result)
    else await flow.backend.sync()
    flow.onWindows(end - start)
  })
}
