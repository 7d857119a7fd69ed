// The streams of hidden states between two blocks: the finished one, and the dense ones that recovery fits to.
import type { Activations } from './activations.ts'
import { createStore, embedAll, type Flow } from './flow.ts'

/**
 * What a block is fitted to. `block`: what the dense block makes of the finished stream. `model`: the dense model's own
 * stream (recipe: `inputs: pruned` and `inputs: dense`).
 */
export type DenseKind = 'block' | 'model'

/** The dense block's inputs and outputs. */
export interface DenseStates {
  readonly inputs: Activations
  readonly outputs: Activations
  /** The states between attention and MLP on the way to `outputs`, where a recovery asks for them. It may write over them. */
  readonly middles: Activations | null
}

export interface WantedStates {
  /** null: none. */
  readonly dense: DenseKind | null
  readonly middles: boolean
}

export interface BlockStates {
  /** Inputs of the block in the finished stream. */
  readonly inputs: Activations
  /** Those that a recovery asks for. */
  readonly dense: Readonly<Record<DenseKind, DenseStates | null>>
  /** The dense model's outputs become its inputs of the next block. */
  next(): void
  close(): Promise<void>
}

/** Streams at the inputs of block 0. All of them share the budget. */
export async function createStates(flow: Flow, wanted: readonly WantedStates[]): Promise<BlockStates> {
  const of = (kind: DenseKind) => wanted.filter(({ dense }) => dense === kind)
  const middlesOf = (kind: DenseKind) => of(kind).some(({ middles }) => middles)
  const wants = { block: of('block').length > 0, model: of('model').length > 0 }
  const count =
    1 + (wants.block ? 1 + Number(middlesOf('block')) : 0) + (wants.model ? 2 + Number(middlesOf('model')) : 0)
  const shared = { ...flow, budget: { ...flow.budget, bytes: flow.budget.bytes / count } }
  const opened: Activations[] = []
  const close = async () => {
    for (const store of opened) await store.close()
  }
  const keep = (store: Activations) => {
    opened.push(store)
    return store
  }
  const denseOf = (kind: DenseKind, inputs: Activations): DenseStates => ({
    inputs,
    outputs: keep(createStore(shared)),
    middles: middlesOf(kind) ? keep(createStore(shared)) : null,
  })
  try {
    const inputs = keep(await embedAll(shared))
    const block = wants.block ? denseOf('block', inputs) : null
    const dense = { block, model: wants.model ? denseOf('model', keep(await embedAll(shared))) : null }
    return {
      inputs,
      dense,
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
