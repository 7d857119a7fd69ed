// What the host asks of a GPU, counted at its device: each wait and each byte over the bus is time in which a real card is idle.
import assert from 'node:assert/strict'
import { memoryCheckpoint } from '../../../../bench/support/memoryCheckpoint.ts'
import { createModelStream } from '../../../../src/engine/blocks/modelStream.ts'
import { processBlocks, type BlockRecovery } from '../../../../src/engine/blocks/processBlocks.ts'
import type { Checkpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { readF32, upload } from '../../../../src/engine/compute/backend.ts'
import { slice } from '../../../../src/engine/compute/tensor.ts'
import { createDecoder } from '../../../../src/engine/model/decoder.ts'
import { openModel, type Model } from '../../../../src/engine/model/model.ts'
import { decode, readWeight } from '../../../../src/engine/model/weights.ts'
import type { PruneHost } from '../../../../src/engine/prune/host.ts'
import { reconstructBlock } from '../../../../src/engine/recover/reconstructBlock.ts'
import { retrain } from '../../../../src/engine/recover/retrain.ts'
import { randomStart } from '../../../../src/engine/recover/adapters/adapter.ts'
import { createTrainables } from '../../../../src/engine/recover/trainables.ts'
import type { Subset } from '../../../../src/catalog/adapters/subsets.ts'
import type { PruneEntry } from '../../../../src/plan/pruneEntry.ts'
import { setOfBlock, trainableSet } from '../../../../src/plan/trainable.ts'
import { openCounted, type CountedGpu, type GpuCounts } from '../../../support/gpuCounts.ts'
import { lacks } from '../../../support/skip.ts'

const [windows, seqLen] = [16, 32]
const config = {
  ...{ model_type: 'opt', hidden_size: 64, ffn_dim: 128, num_attention_heads: 2, num_hidden_layers: 2 },
  ...{ vocab_size: 96, max_position_embeddings: 64 },
}
const train: Subset[] = ['bias', 'norm', 'mask_lora']
const settings = { lr: 1e-3, weightDecay: 0, batchSize: 2, shuffleSeed: null }
const trainable = {
  ...{ rank: 2, alpha: 4, effectiveWeightBytes: 1e8, maskOf: async () => undefined },
  startOf: async (linear: string, numIn: number) => randomStart(0, linear, 2, numIn),
}
const ids = Int32Array.from({ length: windows * seqLen }, (_, i) => 3 + ((i * 7) % 90))
const hiddenBytes = 4 * windows * seqLen * config.hidden_size

describe('a GPU', function () {
  this.timeout(300_000)
  let gpu: CountedGpu
  before(async function () {
    gpu = await openCounted().catch((error: unknown) => lacks(this, String(error)))
  })
  after(() => gpu?.close())

  /** Calls a work of 2 steps and one of 6, and gives what a step adds. */
  async function eachStep(work: (steps: number) => Promise<unknown>): Promise<GpuCounts> {
    await work(2)
    const [few, many] = [await countsOf(() => work(2)), await countsOf(() => work(6))]
    return Object.fromEntries(
      Object.entries(many).map(([name, count]) => [name, (count - few[name as keyof GpuCounts]) / 4]),
    ) as unknown as GpuCounts
  }
  async function countsOf(work: () => Promise<unknown>): Promise<GpuCounts> {
    await gpu.take()
    await work()
    return (await gpu.take()).counts
  }

  /** As on a card with memory of its own. */
  const card = (): PruneHost => ({ ...gpu.backend, traits: { ...gpu.backend.traits, ownMemory: true } })

  function walkOf(model: Model, method: PruneEntry['method'], recover: readonly BlockRecovery[]) {
    const backend = card()
    const stream = createModelStream(backend, model)
    const sparsities = new Map([...stream.shapes.keys()].map((name) => [name, 0.5]))
    const entry: PruneEntry = { method, sparsities, pattern: null, scope: 'tensor', selection: 'exact', settings: {} }
    const activations = { bytes: 1e6, residentBytes: 1e9 }
    const parts = { backend, host: backend, stream, entries: [entry], recover, seed: 0, activations }
    return { walk: processBlocks({ ...parts, calibration: { ids, windows, seqLen } }), stream }
  }

  function reconstruction(model: Model, steps: number, gradAccumulation: number): BlockRecovery {
    const set = trainableSet(model.config, { train, mode: 'reconstruct' })
    return {
      ...{ dense: 'block', middles: false },
      async recover({ block, masks, fitted }) {
        assert.ok(fitted)
        return reconstructBlock({
          ...{
            ...trainable,
            backend: gpu.backend,
            model,
            block,
            masks,
            set: setOfBlock(model.config, set, block.index),
          },
          ...{ inputs: fitted.inputs, targets: fitted.outputs, settings: { ...settings, gradAccumulation, steps } },
        })
      },
    }
  }

  it('is waited for once in a step of reconstruction, which uploads nothing and reads loss and norms', async () => {
    for (const accumulation of [1, 2]) {
      const model = openModel(memoryCheckpoint({ ...config, num_hidden_layers: 1 }, 0))
      const step = await eachStep(async (steps) => {
        const { walk, stream } = walkOf(model, 'magnitude', [reconstruction(model, steps, accumulation)])
        for await (const _ of walk);
        stream.close()
      })
      assert.equal(step.waits, 1)
      assert.equal(step.bytesUp, 0)
      assert.ok(step.bytesDown > 0 && step.bytesDown <= 2048, `${step.bytesDown} bytes`)
    }
  })

  it('is waited for once in a step of retraining, whatever its batches', async () => {
    const model = openModel(memoryCheckpoint(config, 0))
    const set = trainableSet(model.config, { train, mode: 'retrain' })
    const valueOf = async (name: string) => decode(await readWeight(model, model.parameters.get(name)!))
    const trainables = await createTrainables(gpu.backend, set, { ...trainable, valueOf })
    const size = { memoryBytes: 1e9, training: true, tokensPerPass: 2 * seqLen, overrides: trainables.overrides }
    const decoder = await createDecoder(gpu.backend, model, size)
    const data = { ids, mask: null, labels: null, windows, seqLen }
    for (const gradAccumulation of [1, 3]) {
      const step = await eachStep((steps) =>
        retrain({
          ...{ decoder, trainables, windows: data, firstStep: 0, losses: [], onStep: async () => undefined },
          settings: { ...settings, gradAccumulation, clipNorm: 1, steps },
        }),
      )
      const tokens = gradAccumulation * settings.batchSize * seqLen
      assert.equal(step.waits, 1)
      // A step finds the last one's buffers, each where it was.
      assert.deepEqual([step.buffers, step.bindGroups], [0, 0])
      // Ids, their positions, targets and their weights.
      assert.ok(step.bytesUp > 0 && step.bytesUp <= 4 * 4 * tokens, `${step.bytesUp} bytes up`)
      // Maximum, sum and the target's logit.
      assert.ok(step.bytesDown >= 3 * 4 * tokens && step.bytesDown <= 3 * 4 * tokens + 2048, `${step.bytesDown} down`)
    }
    await decoder.close()
    trainables.close()
  })

  it('keeps hidden states: another block only uploads weights and reads a mask', async () => {
    const perBlock = async (method: PruneEntry['method'], steps: number) => {
      const [one, two] = [1, 2].map((blocks) => async () => {
        const model = openModel(memoryCheckpoint({ ...config, num_hidden_layers: blocks }, 0))
        const { walk, stream } = walkOf(model, method, steps > 0 ? [reconstruction(model, steps, 1)] : [])
        for await (const _ of walk);
        stream.close()
      })
      const [a, b] = [await countsOf(one), await countsOf(two)]
      return { up: b.bytesUp - a.bytesUp, down: b.bytesDown - a.bytesDown }
    }
    const weights = 4 * config.hidden_size * (4 * config.hidden_size + 2 * config.ffn_dim)
    for (const [method, steps] of [
      ['sparsegpt', 0],
      ['wanda', 0],
      ['magnitude', 2],
    ] as const) {
      const { up, down } = await perBlock(method, steps)
      assert.ok(up >= weights && up - weights < hiddenBytes / 2, `${method}: ${up} bytes up of ${weights}`)
      const mask = weights / 32
      assert.ok(down >= mask && down - mask < 0.9 * hiddenBytes, `${method}: ${down} bytes down`)
    }
  })

  it('has the next block before this one is finished where its memory is its own', async () => {
    const checkpoint = memoryCheckpoint(config, 0, 'BF16')
    const asked: string[] = []
    const watched: Checkpoint = {
      ...checkpoint,
      readInto: (name, start, target) => {
        asked.push(name)
        return checkpoint.readInto(name, start, target)
      },
    }
    const { walk, stream } = walkOf(openModel(watched), 'wanda', [])
    const second = [...checkpoint.tensors.values()].filter(({ name }) => name.includes('layers.1.'))
    await walk.next()
    assert.ok(second.every(({ name }) => asked.includes(name)))
    await gpu.take()
    const later = await countsOf(async () => void (await walk.next()))
    const bytes = second.reduce((sum, tensor) => sum + tensor.bytes, 0)
    assert.ok(later.bytesUp < bytes / 4, `${later.bytesUp} of ${bytes} bytes are uploaded only now`)
    await walk.return()
    stream.close()
  })

  it('is waited for once by tensors that are read in the same turn', async () => {
    const { backend } = gpu
    const floats = upload(
      backend,
      'f32',
      [5000],
      Float32Array.from({ length: 5000 }, (_, i) => i / 3),
    )
    const halves = upload(
      backend,
      'bf16',
      [9],
      Uint16Array.from({ length: 9 }, (_, i) => 100 + i),
    )
    await gpu.take()
    const [whole, part, odd] = await Promise.all([
      readF32(backend, floats),
      readF32(backend, slice(floats, 4321, [3])),
      backend.read(slice(halves, 3, [4])),
    ])
    const { counts } = await gpu.take()
    assert.equal(counts.waits, 1)
    assert.deepEqual(
      [...whole],
      Array.from({ length: 5000 }, (_, i) => Math.fround(i / 3)),
    )
    assert.deepEqual(
      [...part],
      [4321, 4322, 4323].map((i) => Math.fround(i / 3)),
    )
    assert.deepEqual([...odd], [103, 104, 105, 106])
  })

  it('factors a panel of 1,024 columns in 36 dispatches, two for a block of the diagonal', async () => {
    const { backend } = gpu
    const n = 1024
    const identity = Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0))
    const [h, diagonal] = [
      upload(backend, 'f32', [n, n], identity),
      upload(backend, 'f32', [n], new Float32Array(n).fill(4)),
    ]
    const out = backend.allocate('f32', [n, n])
    await gpu.take()
    assert.equal(await backend.prune.inverseFactor(out, h, diagonal), true)
    const { dispatches } = (await gpu.take()).counts
    assert.ok(dispatches <= 36, `${dispatches}`)
    assert.equal((await readF32(backend, out))[n + 1], 0.5)
    for (const tensor of [h, diagonal, out]) backend.release(tensor)
  })

  it('gives what a tensor held that is released in the turn in which it is read', async () => {
    const { backend } = gpu
    const tensor = upload(backend, 'f32', [64], new Float32Array(64).fill(7))
    const reading = readF32(backend, tensor)
    backend.release(tensor)
    const next = backend.allocate('f32', [64])
    backend.kernels.fill(next, 1)
    assert.deepEqual(new Set(await reading), new Set([7]))
    backend.release(next)
  })
})
