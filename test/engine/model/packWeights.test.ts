import assert from 'node:assert/strict'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { loadBlock, releaseBlock } from '../../../src/engine/model/block.ts'
import { computeIn } from '../../../src/engine/model/computeIn.ts'
import { createDecoder, type DecoderOptions } from '../../../src/engine/model/decoder.ts'
import { openModel, type Model } from '../../../src/engine/model/model.ts'
import { packedFor } from '../../../src/engine/model/packWeights.ts'
import { createMemoryCheckpoint, smallBatch, smallLlama, smallMixtral } from '../../support/memoryCheckpoint.ts'
import { cannot } from '../../support/skip.ts'

/** Sizes that fill whole groups of a packed layout. */
const wide = {
  ...{ vocab_size: 128, hidden_size: 64, intermediate_size: 128, num_attention_heads: 4, num_key_value_heads: 4 },
}

describe('weights packed for a pass', () => {
  let cpu: Backend
  before(async function () {
    cpu = await openCpu({ threads: 2 })
    if (!cpu.packing) cannot(this, `oneDNN does not read packed weights here: ${cpu.info.details.oneDnnNote}`)
  })
  after(() => cpu.close())

  async function lossesOf(backend: Backend, model: Model, packs: boolean) {
    const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, packs })
    const [losses] = await decoder.forwardNll([smallBatch])
    const used = backend.memory().usedBytes
    const isPacked = decoder.ends.head.table.parts[0].dtype === 'packed'
    await decoder.close()
    return { losses, used, isPacked }
  }

  for (const [name, config] of Object.entries({ smallLlama, smallMixtral }))
    for (const tied of [false, true])
      it(`leave the losses of ${name}, its head ${tied ? 'tied' : 'apart'}, and take no memory`, async () => {
        const shape = { ...config, ...wide, tie_word_embeddings: tied }
        const model = openModel(createMemoryCheckpoint(shape, 'BF16'))
        const backend = computeIn(cpu, model, 'bf16')
        // The threads' scratch grows once.
        await lossesOf(backend, model, true)
        const [plain, packed] = [await lossesOf(backend, model, false), await lossesOf(backend, model, true)]
        assert.deepEqual([plain.isPacked, packed.isPacked], [false, true])
        assert.equal(packed.used, plain.used)
        packed.losses.forEach((loss, n) => assert.ok(Math.abs(loss - plain.losses[n]) < 0.01, `${n}: ${loss}`))
        assert.deepEqual((await lossesOf(backend, model, true)).losses, packed.losses)
      })

  it('are the default of a decoder that neither trains nor was given a form of its weights', async () => {
    const model = openModel(createMemoryCheckpoint({ ...smallLlama, ...wide }, 'BF16'))
    const headType = async (options: Partial<DecoderOptions>) => {
      const decoder = await createDecoder(computeIn(cpu, model, 'bf16'), model, { memoryBytes: 1e9, ...options })
      await decoder.close()
      return decoder.ends.head.table.parts[0].dtype
    }
    assert.equal(await headType({}), 'packed')
    for (const options of [{ training: true }, { as: 'stored' }, { packs: false }] as const)
      assert.equal(await headType(options), 'bf16')
  })

  it('are as before at the end of their scope, and stay so in products of f32', async () => {
    const model = openModel(createMemoryCheckpoint({ ...smallLlama, ...wide }, 'BF16'))
    const types = (precision: 'f32' | 'bf16', tokens: number) => {
      using _packed = packedFor(tokens, computeIn(cpu, model, precision), block)
      return new Set(block.linears.map(({ weight }) => weight.dtype))
    }
    const block = await loadBlock(cpu, model, 0, { as: 'stored' })
    const before = await Promise.all(block.linears.map(({ weight }) => cpu.read(weight)))
    assert.deepEqual(types('bf16', 1e6), new Set(['packed']))
    assert.deepEqual(types('bf16', 100), new Set(['bf16']))
    assert.deepEqual(types('f32', 1e6), new Set(['bf16']))
    assert.deepEqual(await Promise.all(block.linears.map(({ weight }) => cpu.read(weight))), before)
    releaseBlock(cpu, block)
  })
})
