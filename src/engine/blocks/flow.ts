// The calibration set flowing through the model, one block and a few windows at a time.
import type { Backend } from '../compute/backend.ts'
import type { Batch } from '../model/batch.ts'
import type { Block } from '../model/block.ts'
import { eachBatch } from '../model/eachBatch.ts'
import type { LinearObserver } from '../model/module.ts'
import { createActivations, type ActivationBudget, type Activations } from './activations.ts'
import type { ModelStream } from './modelStream.ts'

/** Ids [windows, seqLen], row-major, no padding. */
export interface CalibrationSet {
  readonly ids: Int32Array
  readonly windows: number
  readonly seqLen: number
}

/** One window, all of whose next tokens count. */
export function windowOf({ ids, seqLen }: CalibrationSet, w: number): Batch {
  return { batch: 1, seqLen, ids: ids.slice(w * seqLen, (w + 1) * seqLen), mask: null, labels: null }
}

/** Runs batches of windows; what a pass over the calibration set shares. */
export interface Flow {
  readonly backend: Backend
  readonly stream: ModelStream
  readonly set: CalibrationSet
  readonly budget: ActivationBudget
  readonly signal?: AbortSignal
  /** Called after every batch with the windows it had. */
  readonly onWindows: (windows: number) => void
}

/** An empty store of the hidden states of the whole set. */
export function createStore({ backend, stream, set, budget }: Flow): Activations {
  const { windows, seqLen } = set
  return createActivations(backend, { windows, seqLen, channels: stream.channels }, budget)
}

/** The inputs of block 0. */
export async function embedAll(flow: Flow): Promise<Activations> {
  const output = createStore(flow)
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
 * take the states between attention and MLP, each a copy of its own.
 */
export async function runBlock(
  flow: Flow,
  block: Block,
  input: Activations,
  output: Activations | null,
  { observe, middles = [] }: { observe?: LinearObserver; middles?: readonly Activations[] } = {},
): Promise<void> {
  const { stream } = flow
  await eachBatch({ ...flow, ...flow.set, observe }, async (step, start, end) => {
    const x = await input.load(step.arena, start, end)
    const middle = middles.length > 0 ? await stream.attention(step, block, x) : null
    if (middle) for (const store of middles) await store.store(start, middle)
    const result = middle ? await stream.mlp(step, block, middle) : await stream.forward(step, block, x)
    if (output) await output.store(start, result)
    else await flow.backend.sync()
    flow.onWindows(end - start)
  })
}
