// The streams of hidden states between two blocks: the finished one, and the dense ones that recovery fits to.
import type { Activations } from './activations.ts'
import { createStore, embedAll, type Flow } from './flow.ts'
import type { ModelStream } from './modelStream.ts'

/**
 * The dense states that a block is fitted to. `block`: outputs of the dense block on the finished stream. `model`: the dense model's own
 * stream (recipe: `targets`).
 */
export type DenseKind = 'block' | 'model'

/** The dense block's inputs and outputs. */
interface DenseEnds {
  readonly inputs: Activations
  readonly outputs: Activations
}

export interface DenseStream extends DenseEnds {
  /** The states between attention and MLP on the way to `outputs`: a copy for each recovery that asks for them. */
  readonly middles: readonly Activations[]
}

/** The dense states that one recovery fits to. */
export interface DenseStates extends DenseEnds {
  /** States between attention and MLP that the recovery owns and may overwrite; null when it did not ask. */
  readonly middles: Activations | null
}

export interface WantedStates {
  /** The kind of dense states, or null where none are needed. */
  readonly dense: DenseKind | null
  readonly middles: boolean
}

export interface BlockStates {
  /** Inputs of the block in the finished stream. */
  readonly inputs: Activations
  /** The dense streams that some recovery asks for. */
  readonly dense: Readonly<Record<DenseKind, DenseStream | null>>
  /** States for the recovery at this place of the list; null for one that asks for none. */
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
