// A model read one block at a time. Its tables are loaded only while they are needed to embed.
import { blockLinears, headWeightName } from '../../catalog/families/parameters.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { blockOf, loadAhead, loadBlock, releaseBlock, type Block } from '../model/block.ts'
import { blockForward } from '../model/blockPass.ts'
import { embed, type Ends, loadEnds, releaseEnds } from '../model/ends.ts'
import type { Model } from '../model/model.ts'
import type { Step } from '../model/module.ts'
import { storedDType, type LoadAs } from '../model/weights.ts'
import { attentionUnit, mlpUnit } from '../recover/reconstructBlock.ts'

export interface ModelStream {
  readonly blockCount: number
  /** Channels of the hidden states. */
  readonly channels: number
  /** [O, I] of every linear of the blocks by module name, in model order. */
  readonly shapes: ReadonlyMap<string, readonly [number, number]>
  /** The block as the checkpoint has it. */
  load(index: number): Promise<Block>
  release(block: Block): void
  /** ids [step.batch · step.seqLen] → the input of block 0 [batch·seqLen, channels], in the step's arena. */
  embed(step: Step, ids: Int32Array): Promise<Tensor>
  /** Output [batch·seqLen, channels] of the block, in the step's arena. */
  forward(step: Step, block: Block, input: Tensor): Promise<Tensor>
  /** `forward` in two steps: `attention` gives the state between attention and MLP, `mlp` the output of the block. */
  attention(step: Step, block: Block, input: Tensor): Promise<Tensor>
  mlp(step: Step, block: Block, middle: Tensor): Promise<Tensor>
  /** Rounds the values of the block's parameters to the checkpoint's types, in place. */
  round(block: Block): void
  close(): void
}

/**
 * `as` is the type of weights on the device. A device with its own memory loads the next block, as it is stored, while the current
 * block computes.
 */
export function createModelStream(backend: Backend, model: Model, as: LoadAs = 'f32'): ModelStream {
  let ends: Ends | null = null
  let ahead: { readonly index: number; readonly loaded: Promise<Map<string, Tensor>> } | null = null
  const dropAhead = () => {
    void ahead?.loaded.then(
      (loaded) => loaded.forEach((tensor) => backend.release(tensor)),
      () => undefined,
    )
    ahead = null
  }
  const startAhead = (index: number) => {
    if (!backend.traits.ownMemory || index >= model.config.numBlocks) return
    const loaded = loadAhead(backend, model, index)
    // `load` reads a block that failed to load ahead again, and reports the error then.
    loaded.catch(() => undefined)
    ahead = { index, loaded }
  }
  const takeAhead = async (index: number): Promise<Block | null> => {
    if (ahead?.index !== index) dropAhead()
    const loaded = await ahead?.loaded.catch(() => null)
    ahead = null
    return loaded ? blockOf(backend, model, index, loaded, as) : null
  }
  const dropEnds = () => {
    if (ends) releaseEnds(backend, ends)
    ends = null
  }
  return {
    blockCount: model.config.numBlocks,
    channels: model.config.hiddenSize,
    shapes: new Map(blockLinears(model.config).map(({ name, shape }) => [name, shape])),
    async load(index) {
      dropEnds()
      const block = (await takeAhead(index)) ?? (await loadBlock(backend, model, index, { as }))
      startAhead(index + 1)
      return block
    },
    release: (block) => releaseBlock(backend, block),
    async embed(step, ids) {
      ends ??= await loadTables(backend, model)
      return embed(step, ends, { batch: step.batch, seqLen: step.seqLen, ids, mask: null, labels: null }).output
    },
    forward: async (step, block, input) => (await blockForward(step, block, input, false)).output,
    attention: async (step, block, input) => (await attentionUnit(block).forward(step, input, false)).output,
    mlp: async (step, block, middle) => (await mlpUnit(block).forward(step, middle, false)).output,
    round: (block) => roundBlock(backend, model, block),
    close() {
      dropEnds()
      dropAhead()
    },
  }
}

/** The ends without an untied head, which is as large as the word table and is not needed to embed. */
async function loadTables(backend: Backend, model: Model): Promise<Ends> {
  if (model.config.tied) return loadEnds(backend, model, { as: 'stored' })
  const placeholder = backend.allocate('f32', [1, 1])
  const overrides = new Map([[headWeightName(model.config), placeholder]])
  try {
    const ends = await loadEnds(backend, model, { as: 'stored', overrides })
    return { ...ends, owned: [...ends.owned, placeholder] }
  } catch (error) {
    backend.release(placeholder)
    throw error
  }
}

/** Rounds values in place to those that the checkpoint's types can hold. */
function roundBlock(backend: Backend, model: Model, block: Block): void {
  for (const [name, tensor] of block.params) {
    const dtype = storedDType(model, name)
    if (dtype === tensor.dtype) continue
    const narrow = backend.allocate(dtype, tensor.shape)
    backend.kernels.convert(narrow, tensor)
    backend.kernels.convert(tensor, narrow)
    backend.release(narrow)
  }
}
