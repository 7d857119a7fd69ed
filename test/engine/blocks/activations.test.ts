// Where hidden states lie between two blocks.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createActivations } from '../../../src/engine/blocks/activations.ts'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, upload, type Backend } from '../../../src/engine/compute/backend.ts'
import type { WebGpuBackend } from '../../../src/engine/compute/webgpu/backend.ts'
import { Statistics } from '../../../src/engine/prune/statistics.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { run } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'
import { openOrSkip } from '../../support/webgpu.ts'

describe('hidden states beside a GPU with memory of its own', function () {
  this.timeout(300_000)
  let gpu: WebGpuBackend
  let card: Backend
  beforeEach(async function () {
    gpu = await openOrSkip(this)
    card = { ...gpu, traits: { ...gpu.traits, ownMemory: true } }
  })
  afterEach(() => gpu?.close())

  const shape = { windows: 5, seqLen: 3, channels: 7 }

  it('are on it where their share of it holds them, else on the host', async () => {
    const bytes = 4 * 5 * 3 * 7
    for (const [backend, residentBytes, onDevice] of [
      [card, bytes, true],
      [card, bytes - 4, false],
      [card, undefined, false],
      // Two windows a tensor: the third begins another.
      [{ ...card, traits: { ...card.traits, mostTensorBytes: 2 * 84 + 4 } }, bytes, true],
    ] as const) {
      const before = gpu.memory().usedBytes
      const states = createActivations(backend, shape, { bytes: 1e9, residentBytes })
      assert.equal(gpu.memory().usedBytes - before, onDevice ? bytes : 0)
      const values = (start: number, count: number) =>
        Float32Array.from({ length: count * 21 }, (_, i) => start * 21 + i)
      for (const [start, count] of [
        [0, 2],
        [2, 3],
      ] as const) {
        const rows = upload(gpu, 'f32', [count * 3, 7], values(start, count))
        await states.store(start, rows)
        gpu.release(rows)
      }
      using arena = new Arena(gpu)
      assert.deepEqual(await readF32(gpu, await states.load(arena, 1, 4)), values(1, 3))
      await states.close()
    }
  })

  it('give the same result wherever they are stored', async () => {
    const place = scratch()
    await writeTinyModel(place.path('model'))
    writeTinyIds(place.path('ids.safetensors'))
    const recipe = (to: string) =>
      place.recipe(to, {
        version: 1,
        model: place.path('model'),
        prune: [{ method: 'sparsegpt', sparsity: 0.5 }],
        calibration: { data: place.path('ids.safetensors') },
        recover: { train: ['norm', 'mask_lora'], steps: 4, lr: 1e-3 },
        save: { to },
      })
    await run(card, { recipe: recipe('device') })
    await run(gpu, { recipe: recipe('host') })
    const [device, host] = ['device', 'host'].map((to) => readFileSync(place.path(to, 'model.safetensors')))
    assert.ok(device.equals(host))
  })

  it('refuse a Hessian beyond its largest buffer by name, without a smaller plan', () => {
    const small = { ...gpu, traits: { ...gpu.traits, mostTensorBytes: 400 } }
    const entry = { method: 'sparsegpt' } as PruneEntry
    const statistics = new Statistics(small, 4, () => entry)
    const input = upload(gpu, 'f32', [2, 11], new Float32Array(22))
    const linear = { name: 'fc2', weight: input, bias: null, inputKey: 'fc2' }
    assert.throws(() => statistics.observe([linear], input), {
      code: 'unsupported',
      message: /Hessian of the 11 inputs of fc2 takes 484 B.*no buffers of more than 400 B/,
    })
    statistics.close()
  })
})
