// Hidden states of the calibration set on their way through the model, one block and a few windows at a time: those of the finished
// blocks, and the dense ones that recovery fits to.
import type { Statistic } from '../../catalog/methods/method.ts'
import type { PruneEntry } from '../../plan/pruneEntry.ts'
import type { Backend } from '../compute/backend.ts'
import type { Batch } from '../model/batch.ts'
import type { Block } from '../model/block.ts'
import { eachBatch } from '../model/pass.ts'
import type { LinearObserver } from '../model/module.ts'
import { packedFor } from '../model/packWeights.ts'
import { Statistics } from '../prune/statistics.ts'
import { type ActivationBudget, type Activations, createActivations } from './activations.ts'
import type { ModelStream } from './modelStream.ts'

/** Ids [windows, seqLen], row-major, no padding. */
export interface CalibrationSet {
  readonly ids: Int32Array
  readonly windows: number
  readonly seqLen: number
}

/** Window `w` as a batch in which every next token counts. */
export function windowOf({ ids, seqLen }: CalibrationSet, w: number): Batch {
  return { batch: 1, seqLen, ids: ids.slice(w * seqLen, (w + 1) * seqLen), mask: null, labels: null }
}

/** State that all passes over the calibration set share. */
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
function createStore({ backend, stream, set, budget }: Flow): Activations {
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
  using _packed = packedFor(flow.set.windows * flow.set.seqLen, flow.backend, block)
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

/** Runs all blocks as they are, and calls `body` for each with the statistics of its linears' inputs. `also` as in `Statistics`. */
export async function eachMeasured(
  flow: Flow,
  entryOf: (linear: string) => PruneEntry | undefined,
  also: readonly Statistic[],
  body: (block: Block, statistics: Statistics, index: number) => Promise<void>,
): Promise<void> {
  const { stream, backend, set } = flow
  const hidden = await embedAll(flow)
  try {
    for (let index = 0; index < stream.blockCount; index++) {
      const block = await stream.load(index)
      const statistics = new Statistics(backend, set.windows, entryOf, also)
      try {
        await runBlock(flow, block, hidden, hidden, statistics)
        await body(block, statistics, index)
      } finally {
        statistics.close()
        stream.release(block)
      }
    }
  } finally {
    await hidden.close()
  }
}

/**
 * The dense states that a block is fitted to. `block`: outputs of the dense block on the finished stream. `model`: the dense model's own
 * stream (recipe: `targets`).
 */
type DenseKind = 'block' | 'model'

/** The dense block's inputs and outputs. */
interface DenseEnds {
  readonly inputs: Activations
  readonly outputs: Activations
}

export interface DenseStream extends DenseEnds {
  /** The states between attention and MLP on the way to `outputs`: a copy for each recovery that needs them. */
  readonly middles: readonly Activations[]
}

/** The dense states that one recovery fits to. */
export interface DenseStates extends DenseEnds {
  /** States between attention and MLP that the recovery owns and may overwrite; null when it did not ask for them. */
  readonly middles: Activations | null
}

export interface WantedStates {
  /** The kind of dense states, or null where they are not needed. */
  readonly dense: DenseKind | null
  readonly middles: boolean
}

/** The hidden states between two blocks. */
export interface BlockStates {
  /** Inputs of the block in the finished stream. */
  readonly inputs: Activations
  /** The dense streams that some recovery needs. */
  readonly dense: Readonly<Record<DenseKind, DenseStream | null>>
  /** The dense states for the recovery at this index; null if it needs none. */
  fittedTo(recovery: number): DenseStates | null
  /** The dense model's outputs become its inputs of the next block. */
  next(): void
  close(): Promise<void>
}

/** Streams at the inputs of block 0, the dense model's own from `denseModel`. All of them share the budget. */
export async function createStates(
  flow: Flow,
  denseModel: ModelStream,
  wanted: readonly WantedStates[],
): Promise<BlockStates> {
  const of = (kind: DenseKind) => wanted.filter(({ dense }) => dense === kind)
  const asking = (kind: DenseKind) => of(kind).filter(({ middles }) => middles)
  const wants = { block: of('block').length > 0, model: of('model').length > 0 }
  const count = 1 + Number(wants.block) + 2 * Number(wants.model) + asking('block').length + asking('model').length
  const shared = { ...flow, budget: { ...flow.budget, bytes: flow.budget.bytes / count } }
  const opened: Activations[] = []
  const close = async () => {
    for (const store of opened) await store.close()
  }
  const keep = (store: Activations) => {
    opened.push(store)
    return store
  }
  const denseOf = (kind: DenseKind, inputs: Activations): DenseStream => ({
    inputs,
    outputs: keep(createStore(shared)),
    middles: asking(kind).map(() => keep(createStore(shared))),
  })
  try {
    const inputs = keep(await embedAll(shared))
    const block = wants.block ? denseOf('block', inputs) : null
    const dense = {
      block,
      model: wants.model ? denseOf('model', keep(await embedAll({ ...shared, stream: denseModel }))) : null,
    }
    return {
      inputs,
      dense,
      fittedTo(recovery) {
        const one = wanted[recovery]
        const stream = one.dense && dense[one.dense]
        if (!one.dense || !stream) return null
        return { ...stream, middles: one.middles ? stream.middles[asking(one.dense).indexOf(one)] : null }
      },
      next() {
        const { model } = dense
        if (model) dense.model = { ...model, inputs: model.outputs, outputs: model.inputs }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
