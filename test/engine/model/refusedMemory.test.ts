// A device may refuse memory at any allocation; who plans with less after that needs all of it back.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { rows } from '../../../src/engine/compute/tensor.ts'
import { generateTokens } from '../../../src/engine/generate/generateTokens.ts'
import { loadBlock, releaseBlock } from '../../../src/engine/model/block.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { createMask } from '../../support/masks.ts'
import { reconstructBlock } from '../../../src/engine/recover/reconstructBlock.ts'
import { retrain } from '../../../src/engine/recover/retrain.ts'
import { createTrainables } from '../../../src/engine/recover/trainables.ts'
import { trainableSet, setOfBlock } from '../../../src/plan/trainable.ts'
import { refusing } from '../../support/refusing.ts'
import { smallMixtral, smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const ids = Int32Array.from({ length: 32 }, (_, i) => (7 * i) % 20)
const windows = { ids, windows: 4, seqLen: 8 }
const settings = { steps: 2, lr: 1e-3, weightDecay: 0, batchSize: 2, gradAccumulation: 1, shuffleSeed: null }
const trained = { rank: 2, alpha: 4, effectiveWeightBytes: 1e9 }
const startOf = async (_: string, numIn: number) => new Float32Array(2 * numIn).fill(0.1)
/** All would be some hundreds. */
const mostTries = 80

describe('after a refused allocation, a device', function () {
  this.timeout(300_000)
  let folder: string
  let cpu: CpuBackend
  let checkpoint: Checkpoint
  let experts: Checkpoint
  before(async () => {
    folder = scratch().folder
    await writeTinyModel(folder, smallOpt)
    await writeTinyModel(join(folder, 'experts'), smallMixtral, 'BF16')
    cpu = await openCpu({ threads: 1 })
    checkpoint = await openCheckpoint(folder)
    experts = await openCheckpoint(join(folder, 'experts'))
  })
  after(async () => {
    await checkpoint.close()
    await experts.close()
    await cpu.close()
  })

  const model = () => openModel(checkpoint)
  /** `body` gives back what it takes, whichever allocation is refused. */
  async function givesBack(body: (backend: CpuBackend) => Promise<void>): Promise<void> {
    const ample = refusing(cpu, Infinity)
    await body(ample.backend)
    assert.equal(ample.left(), 0, 'left when nothing was refused')
    const total = ample.count()
    assert.ok(total > 10, `only ${total} allocations`)
    const step = Math.max(1, Math.floor(total / mostTries))
    for (let at = 0; at < total; at += step) {
      const tight = refusing(cpu, at)
      await assert.rejects(body(tight.backend), { code: 'out-of-memory' }, `allocation ${at} of ${total}`)
      assert.equal(tight.left(), 0, `left when allocation ${at} of ${total} was refused`)
    }
  }

  for (const [what, memoryBytes, opened] of [
    ['all blocks there', 1e9, () => checkpoint],
    ['a block at a time', 1000, () => checkpoint],
    ['of experts', 1e9, () => experts],
  ] as const)
    it(`has nothing left of a loss and a text, ${what}`, () =>
      givesBack(async (backend) => {
        const decoder = await createDecoder(backend, openModel(opened()), { memoryBytes, tokensPerPass: 16 })
        try {
          const batch = { batch: 2, seqLen: 8, ids: ids.subarray(0, 16), mask: null, labels: null }
          await decoder.forwardNll([batch], {})
          const options = { maxTokens: 3, temperature: 0, topP: 1, seed: 0, stop: new Set<number>() }
          for await (const _ of generateTokens(decoder, ids.slice(0, 5), options));
        } finally {
          await decoder.close()
        }
      }))

  for (const method of ['wanda', 'sparsegpt', 'alps', 'admm', 'ria'] as const)
    it(`has nothing left of pruning by ${method}`, () =>
      givesBack(async (backend) => {
        const stream = createModelStream(backend, model())
        const entry = { method, pattern: null, scope: 'tensor' as const, selection: 'exact' as const, settings: {} }
        const sparsities = new Map([...stream.shapes.keys()].map((name) => [name, 0.5]))
        try {
          const walk = processBlocks({
            ...{
              backend,
              host: backend,
              stream,
              entries: [{ ...entry, sparsities }],
              calibration: windows,
              recover: [],
            },
            ...{ seed: 0, activations: { bytes: 1e9 } },
          })
          for await (const _ of walk);
        } finally {
          stream.close()
        }
      }))

  it('has nothing left of the reconstruction of a block', () =>
    givesBack(async (backend) => {
      const { config } = model()
      const set = setOfBlock(
        config,
        trainableSet(config, { train: ['bias', 'norm', 'mask_lora'], mode: 'reconstruct' }),
        0,
      )
      const block = await loadBlock(backend, model(), 0, { as: 'f32' })
      try {
        const masks = new Map(
          block.linears.map(({ name, weight: { shape } }) => [name, createMask(shape[0], shape[1], true)]),
        )
        const hidden = backend.allocate('f32', [windows.windows * 8, 8])
        try {
          const load = async (_: unknown, start: number, end: number) => rows(hidden, start * 8, end * 8)
          const states = { windows: windows.windows, seqLen: 8, channels: 8, load }
          await reconstructBlock({
            backend,
            model: model(),
            block,
            set,
            masks,
            inputs: states,
            targets: states,
            ...trained,
            startOf,
            settings,
          })
        } finally {
          backend.release(hidden)
        }
      } finally {
        releaseBlock(backend, block)
      }
    }))

  it('has nothing left of retraining', () =>
    givesBack(async (backend) => {
      const { config, parameters } = model()
      const set = trainableSet(config, { train: ['norm', 'mask_lora', 'head'], mode: 'retrain' })
      const sizeOf = (name: string) => (parameters.get(name)?.shape ?? []).reduce((a, b) => a * b, 1)
      const trainables = await createTrainables(backend, set, {
        ...{ ...trained, startOf, maskOf: async () => undefined },
        valueOf: async (name) => new Float32Array(sizeOf(name)).fill(0.5),
      })
      try {
        const { overrides } = trainables
        const decoder = await createDecoder(backend, model(), { memoryBytes: 1e9, training: true, overrides })
        try {
          await retrain({
            ...{ decoder, trainables, windows: { ...windows, mask: null, labels: null } },
            ...{ settings: { ...settings, clipNorm: 1 }, firstStep: 0, losses: [], onStep: async () => undefined },
          })
        } finally {
          await decoder.close()
        }
      } finally {
        trainables.close()
      }
    }))
})
