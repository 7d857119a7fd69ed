// Five kinds of work that are counted: three on a block of OPT-30B, a step of retraining and a token of decoding. What grows with
// windows, steps or blocks is counted twice and the difference taken, so that shapes need not be as long as the real ones.
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { createKvCache } from '../../../src/engine/model/kvCache.ts'
import { decode, readWeight } from '../../../src/engine/model/weights.ts'
import { retrain } from '../../../src/engine/recover/retrain.ts'
import { reconstructBlock } from '../../../src/engine/recover/reconstructBlock.ts'
import { randomStart } from '../../../src/engine/recover/adapters/adapter.ts'
import { createTrainables } from '../../../src/engine/recover/trainables.ts'
import { storedParameter } from '../../../src/engine/run/state/storedBlock.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'
import { blockLinears } from '../../../src/catalog/families/parameters.ts'
import type { MethodName } from '../../../src/catalog/methods/methods.ts'
import { setOfBlock, trainableSet } from '../../../src/plan/trainable.ts'
import { createMask } from '../../../test/support/masks.ts'
import { memoryCheckpoint } from '../../support/memoryCheckpoint.ts'
import { shapes } from '../../support/shapes.ts'
import { opt30 } from '../shapes.ts'
import { combine, minus } from './arithmetic.ts'
import type { Counted, StubbedGpu } from './stubbed.ts'

export interface Work {
  readonly name: string
  /** What is counted, for the tables. */
  readonly of: string
  /** Blocks of the whole model. */
  readonly blocks?: number
  count(gpu: StubbedGpu): Promise<Counted>
  /** A part of the work whose host time is scaled up by its dispatches, where differences of long runs would be lost in noise. */
  part?(gpu: StubbedGpu): Promise<Counted>
}

const [windows, seqLen, steps] = [128, 2048, 200]
const training = { lr: 5e-4, weightDecay: 0, batchSize: 1, gradAccumulation: 1, shuffleSeed: null }
const train: Subset[] = ['bias', 'norm', 'mask_lora']
const shared = {
  ...{ rank: 16, alpha: 32, effectiveWeightBytes: 4e9 },
  startOf: async (linear: string, numIn: number) => randomStart(0, linear, 16, numIn),
}

interface Walk {
  readonly method: MethodName
  readonly blocks: number
  readonly windows: number
  /** Steps of reconstruction; 0: prune only. */
  readonly steps: number
}

/**
 * A whole walk over blocks of OPT-30B's shape, each pruned, trained, and read back as a run does that saves it. ALPS leaves out fc2: the
 * software driver crashes at the product of two matrices of 28,672², even with empty kernels.
 */
async function walk(gpu: StubbedGpu, { method, blocks, windows, steps }: Walk): Promise<Counted> {
  const { backend } = gpu
  const checkpoint = memoryCheckpoint({ ...opt30.config, num_hidden_layers: blocks }, 0, 'BF16')
  // A file would be read by other threads, and no kernel looks at the weights.
  const model = openModel({ ...checkpoint, readInto: async () => undefined })
  const stream = createModelStream(backend, model)
  const names = [...stream.shapes.keys()].filter((name) => method !== 'alps' || !name.endsWith('fc2'))
  const sparsities = new Map(names.map((name) => [name, 0.5]))
  const entry = { method, sparsities, pattern: null, scope: 'tensor', selection: 'exact', settings: {} } as const
  const ids = Int32Array.from({ length: windows * seqLen }, (_, i) => 4 + (i % 250))
  const set = trainableSet(model.config, { train, mode: 'reconstruct' })
  return gpu.count(async () => {
    const walking = processBlocks({
      ...{ backend, host: backend, stream, entries: [entry], seed: 0 },
      calibration: { ids, windows, seqLen },
      activations: { bytes: 1e9, residentBytes: 1e12 },
      recover:
        steps === 0
          ? []
          : [
              {
                ...{ dense: 'block', middles: false },
                recover: ({ block, masks, fitted }) =>
                  reconstructBlock({
                    ...shared,
                    backend,
                    model,
                    block,
                    masks,
                    set: setOfBlock(model.config, set, block.index),
                    inputs: fitted!.inputs,
                    targets: fitted!.outputs,
                    settings: { ...training, steps },
                  }),
              },
            ],
    })
    for await (const { block, masks } of walking)
      for (const [name, tensor] of block.params)
        if (steps > 0 || masks.has(name.replace(/\.weight$/, ''))) {
          const { bytes } = storedParameter(backend, model, name, tensor, masks, 'pruning')
          if (typeof bytes === 'function') await bytes()
        }
    stream.close()
  })
}

/** One block in the middle of a model: what two blocks take, less what one takes. */
const block = async (gpu: StubbedGpu, work: Omit<Walk, 'blocks'>) =>
  minus(await walk(gpu, { ...work, blocks: 2 }), await walk(gpu, { ...work, blocks: 1 }))

/** A block with all windows and steps, from a few and from more of either. */
async function wholeBlock(gpu: StubbedGpu, method: MethodName, trains: boolean): Promise<Counted> {
  const least = { method, windows: 2, steps: trains ? 2 : 0 }
  const base = await block(gpu, least)
  const window = combine([[1 / 16, minus(await block(gpu, { ...least, windows: 18 }), base)]])
  const step = trains ? combine([[1 / 8, minus(await block(gpu, { ...least, steps: 10 }), base)]]) : null
  return combine([[1, base], [windows - 2, window], ...(step ? [[steps - 2, step] as const] : [])])
}

/** Pruning a block, after a walk that makes the pipelines. */
async function prunedBlock(gpu: StubbedGpu, method: MethodName): Promise<Counted> {
  await walk(gpu, { method, blocks: 1, windows: 2, steps: 0 })
  return walk(gpu, { method, blocks: 1, windows, steps: 0 })
}

/** A step with `sequences` of 512 tokens: 42 steps less 2, divided by 40. */
async function retrainingStep(gpu: StubbedGpu, sequences: number): Promise<Counted> {
  const { backend } = gpu
  const config = {
    model_type: 'opt',
    hidden_size: 768,
    ffn_dim: 3072,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    vocab_size: 50272,
    max_position_embeddings: 2048,
  }
  const model = openModel(memoryCheckpoint(config, 0))
  const masks = new Map(blockLinears(model.config).map(({ name, shape: [o, i] }) => [name, createMask(o, i, true)]))
  const set = trainableSet(model.config, { train, mode: 'retrain' })
  const valueOf = async (name: string) => decode(await readWeight(model, model.parameters.get(name)!))
  const trainables = await createTrainables(backend, set, {
    ...shared,
    maskOf: async (name) => masks.get(name),
    valueOf,
  })
  const size = { memoryBytes: 60e9, training: true, tokensPerPass: 512 * sequences, overrides: trainables.overrides }
  const decoder = await createDecoder(backend, model, size)
  const ids = Int32Array.from({ length: sequences * 512 }, (_, i) => 4 + ((i * 31) % 50000))
  const data = { ids, mask: null, labels: null, windows: sequences, seqLen: 512 }
  const run = (count: number) => {
    const settings = { ...training, batchSize: sequences, clipNorm: 1, steps: count }
    return gpu.count(() =>
      retrain({
        decoder,
        trainables,
        windows: data,
        settings,
        firstStep: 0,
        losses: [],
        onStep: async () => undefined,
      }),
    )
  }
  // The first run warms up, since code that runs often is compiled, and a retraining has hundreds of steps.
  await run(60)
  const few = await run(2)
  const step = combine([[1 / 40, minus(await run(42), few)]])
  await decoder.close()
  trainables.close()
  return step
}

/** A token after a prompt of 128, of LLaMA-7B's shape: 12 blocks less 2, divided by 10, give what a block takes. */
async function decodedToken(gpu: StubbedGpu): Promise<Counted> {
  const { backend } = gpu
  const token = async (blocks: number) => {
    const model = openModel(memoryCheckpoint({ ...shapes['llama-7b'].config, num_hidden_layers: blocks }, 0, 'BF16'))
    const decoder = await createDecoder(backend, model, { memoryBytes: 60e9, as: 'stored' })
    const cache = createKvCache(backend, model.config, 256)
    await decoder.nextLogits(new Int32Array(128).fill(5), cache, {})
    const run = (count: number) =>
      gpu.count(async () => {
        for (let i = 0; i < count; i++) await decoder.nextLogits(Int32Array.of(5), cache, {})
      })
    await run(8)
    const few = await run(2)
    const one = combine([[1 / 40, minus(await run(42), few)]])
    cache[Symbol.dispose]()
    await decoder.close()
    return one
  }
  const two = await token(2)
  const perBlock = combine([[1 / 10, minus(await token(12), two)]])
  return combine([
    [1, two],
    [shapes['llama-7b'].blocks - 2, perBlock],
  ])
}

const whole = `a block of OPT-30B, ${windows} windows of ${seqLen} tokens`
const { blocks } = opt30

export const works: Readonly<Record<string, Work>> = {
  sparsegpt: {
    ...{ name: 'SparseGPT', of: whole, blocks },
    count: (gpu) => wholeBlock(gpu, 'sparsegpt', false),
    part: (gpu) => prunedBlock(gpu, 'sparsegpt'),
  },
  alps: {
    ...{ name: 'ALPS without fc2', of: 'the same', blocks },
    count: (gpu) => wholeBlock(gpu, 'alps', false),
    part: (gpu) => prunedBlock(gpu, 'alps'),
  },
  reconstruct: {
    ...{ name: 'magnitude, norms and MaskLoRA reconstructed', of: `the same, ${steps} steps`, blocks },
    count: (gpu) => wholeBlock(gpu, 'magnitude', true),
    part: async (gpu) => {
      const of = (steps: number) => walk(gpu, { method: 'magnitude', blocks: 1, windows: 2, steps })
      await of(2)
      const few = await of(2)
      return minus(await of(202), few)
    },
  },
  retrain: {
    ...{ name: 'biases, norms and MaskLoRA retrained', of: 'a step of OPT-125M, 512 tokens' },
    count: (gpu) => retrainingStep(gpu, 1),
  },
  retrain8: { name: 'the same', of: 'a step of 4,096 tokens', count: (gpu) => retrainingStep(gpu, 8) },
  decode: { name: 'decoding', of: 'a token of LLaMA-7B in bf16', count: decodedToken },
}
