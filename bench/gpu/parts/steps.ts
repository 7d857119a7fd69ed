// A forward pass, a step of reconstruction and one of retraining of one block.
import { Arena } from '../../../src/engine/compute/arena.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { rows } from '../../../src/engine/compute/tensor.ts'
import { releaseBlock } from '../../../src/engine/model/block.ts'
import { blockForward } from '../../../src/engine/model/blockPass.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { decode, readWeight } from '../../../src/engine/model/weights.ts'
import type { Mask } from '../../../src/engine/prune/mask.ts'
import { createMask } from '../../../test/support/masks.ts'
import { reconstructBlock } from '../../../src/engine/recover/reconstructBlock.ts'
import { retrain } from '../../../src/engine/recover/retrain.ts'
import { randomStart } from '../../../src/engine/recover/adapters/adapter.ts'
import { createTrainables } from '../../../src/engine/recover/trainables.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'
import { blockLinears } from '../../../src/catalog/families/parameters.ts'
import { trainableSet, setOfBlock } from '../../../src/plan/trainable.ts'
import { median } from '../../support/process.ts'
import { normal, randomBlock, type RandomBlock } from '../block.ts'
import { llama7, opt13, small } from '../shapes.ts'
import { rounded, timed, type Part } from './part.ts'

const [rank, alpha, reps] = [16, 32, 3]
const shared = {
  ...{ rank, alpha, effectiveWeightBytes: 1e9 },
  startOf: async (linear: string, numIn: number) => randomStart(0, linear, rank, numIn),
}
const settings = { lr: 5e-4, weightDecay: 0, batchSize: 1, gradAccumulation: 1, shuffleSeed: null }
const train: Subset[] = ['bias', 'norm', 'mask_lora']

/** LLaMA has no biases. */
const trained = ({ shape }: RandomBlock) => train.filter((s) => s !== 'bias' || shape.config.model_type === 'opt')

async function forward(backend: Backend, { block, shape }: RandomBlock): Promise<number> {
  const input = normal(backend, shape.tokens, Number(shape.config.hidden_size))
  const times: number[] = []
  for (let i = 0; i <= reps; i++) {
    using arena = new Arena(backend)
    const step = { backend, arena, batch: 1, seqLen: shape.tokens, keyMask: null, adapterOf: undefined }
    times.push(await timed(backend, () => blockForward(step, block, input, false)))
  }
  backend.release(input)
  return median(times.slice(1))
}

async function reconstruction(backend: Backend, made: RandomBlock, masks: Map<string, Mask>): Promise<number> {
  const { model, block, shape } = made
  const [seqLen, channels] = [shape.tokens, Number(shape.config.hidden_size)]
  const all = normal(backend, seqLen, channels)
  const states = {
    windows: 1,
    seqLen,
    channels,
    load: async (_: Arena, a: number, b: number) => rows(all, a * seqLen, b * seqLen),
  }
  const set = setOfBlock(model.config, trainableSet(model.config, { train: trained(made), mode: 'reconstruct' }), 0)
  const times: number[] = []
  const onStep = (_: number, __: unknown, tokensPerSecond: number) => void times.push(seqLen / tokensPerSecond)
  const data = { inputs: states, targets: states, settings: { ...settings, steps: reps + 1 } }
  await reconstructBlock({ ...shared, ...data, backend, model, block, set, masks, onStep })
  backend.release(all)
  return median(times.slice(1))
}

async function retraining(backend: Backend, made: RandomBlock, masks: Map<string, Mask>): Promise<number> {
  const { model, shape } = made
  const set = trainableSet(model.config, { train: trained(made), mode: 'retrain' })
  const valueOf = async (name: string) => {
    const parameter = model.parameters.get(name)
    return parameter ? decode(await readWeight(model, parameter)) : new Float32Array()
  }
  const trainables = await createTrainables(backend, set, {
    ...shared,
    maskOf: async (name) => masks.get(name),
    valueOf,
  })
  const { overrides } = trainables
  const size = { memoryBytes: 32e9, training: true, tokensPerPass: shape.tokens, overrides }
  const decoder = await createDecoder(backend, model, size)
  const times: number[] = []
  const ids = Int32Array.from({ length: shape.tokens }, (_, i) => 4 + ((i * 31) % 250))
  const onStep = async (_: number, __: unknown, tokensPerSecond: number) =>
    void times.push(shape.tokens / tokensPerSecond)
  const windows = { ids, mask: null, labels: null, windows: 1, seqLen: shape.tokens }
  const training = { ...settings, clipNorm: 1, steps: reps + 1 }
  await retrain({ decoder, trainables, windows, settings: training, firstStep: 0, losses: [], onStep })
  await decoder.close()
  trainables.close()
  return median(times.slice(1))
}

export const steps: Part = async ({ backend, small: asSmall }) => {
  const table = []
  for (const shape of [opt13, llama7].map((s) => (asSmall ? small(s) : s))) {
    const made = await randomBlock(backend, shape)
    const linears = blockLinears(made.model.config)
    const masks = new Map(linears.map(({ name, shape: [o, i] }) => [name, createMask(o, i, true)]))
    table.push({
      shape: shape.name,
      tokens: shape.tokens,
      forward_s: rounded(await forward(backend, made)),
      reconstruction_step_s: rounded(await reconstruction(backend, made, masks)),
      retraining_step_one_block_s: rounded(await retraining(backend, made, masks)),
    })
    releaseBlock(backend, made.block)
  }
  return { train, rows: table }
}
