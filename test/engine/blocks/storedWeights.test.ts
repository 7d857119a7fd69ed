// A walk with products in bf16 keeps weights as the checkpoint stores them: pruning still sees f32, and nothing that is saved differs.
import assert from 'node:assert/strict'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readWide } from '../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { computeIn, productForm } from '../../../src/engine/model/computeIn.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import type { LoadAs } from '../../../src/engine/model/weights.ts'
import type { MethodName } from '../../../src/catalog/methods/methods.ts'
import { onBf16Processor } from '../../support/bf16Products.ts'
import { goldenPath } from '../../support/shared.ts'
import { entryOf } from '../../support/solveGoldens.ts'
import { readTensors } from '../../support/tensors.ts'

describe('weights of a pass in bf16', () => {
  onBf16Processor()
  let cpu: CpuBackend
  let checkpoint: Checkpoint
  before(async () => {
    cpu = await openCpu({ threads: 2 })
    checkpoint = await openCheckpoint(goldenPath('llama_bf16_sharded'))
  })
  after(async () => {
    await checkpoint.close()
    await cpu.close()
  })

  /** Weights and masks of all linears after pruning, and the types that the weights lay in. */
  async function pruned(method: MethodName, as: LoadAs) {
    const model = openModel(checkpoint)
    const backend = { ...cpu, ...computeIn(cpu, model, 'bf16') }
    const stream = createModelStream(backend, model, as)
    const sparsities = new Map([...stream.shapes.keys()].map((name) => [name, 0.5]))
    const ids = (await readTensors(goldenPath('llama', 'prune', 'calib.safetensors'))).i32('calib_ids')
    const found = { weights: new Map<string, Float32Array>(), masks: new Map<string, Uint32Array>(), types: '' }
    try {
      const walk = processBlocks({
        backend,
        host: backend,
        stream,
        entries: [entryOf(method, 0, { sparsities })],
        calibration: { ids, windows: ids.length / 16, seqLen: 16 },
        recover: [],
        seed: 0,
        activations: { bytes: 1e9 },
      })
      for await (const { block, masks } of walk)
        for (const { name, weight } of block.linears) {
          found.weights.set(name, await readWide(backend, weight))
          found.masks.set(name, masks.get(name)?.words ?? new Uint32Array())
          found.types = weight.dtype
        }
    } finally {
      stream.close()
    }
    return found
  }

  for (const method of ['magnitude', 'wanda', 'sparsegpt', 'alps'] as const)
    it(`${method} prunes them as it does weights in f32`, async () => {
      assert.equal(productForm({ precision: 'bf16' }), 'stored')
      const [wide, stored] = [await pruned(method, 'f32'), await pruned(method, 'stored')]
      assert.deepEqual([wide.types, stored.types], ['f32', 'bf16'])
      assert.deepEqual(stored.masks, wide.masks)
      assert.deepEqual(stored.weights, wide.weights)
    })
})
