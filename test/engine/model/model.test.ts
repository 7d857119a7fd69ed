import assert from 'node:assert/strict'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32 } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { blockBytes, loadBlock, releaseBlock } from '../../../src/engine/model/block.ts'
import { blockForward } from '../../../src/engine/model/blockPass.ts'
import { loadEnds, releaseEnds } from '../../../src/engine/model/ends.ts'
import { decode, loadParameters, readWeight, storedBytes } from '../../../src/engine/model/weights.ts'
import { openModel, unusedText } from '../../../src/engine/model/model.ts'
import type { Linear } from '../../../src/engine/model/module.ts'
import { goldenPath } from '../../support/shared.ts'
import { createMemoryCheckpoint, smallGpt2, smallLlama, smallMixtral } from '../../support/memoryCheckpoint.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'

describe('openModel', () => {
  it('names a tensor whose shape is not what config.json says', () => {
    const checkpoint = createMemoryCheckpoint(smallLlama)
    checkpoint.put('model.layers.1.mlp.up_proj.weight', [12, 9], new Float32Array(108))
    assert.throws(
      () => openModel(checkpoint),
      /^EngineError: model\.layers\.1\.mlp\.up_proj\.weight: expected \[12, 8\] from config\.json, the file has \[12, 9\]\. Is config\.json from another model\?$/,
    )
  })

  it('expects Conv1D weights as the file has them, inputs first', () => {
    const checkpoint = createMemoryCheckpoint(smallGpt2)
    checkpoint.put('transformer.h.0.mlp.c_fc.weight', [32, 8], new Float32Array(256))
    assert.throws(() => openModel(checkpoint), /expected \[8, 32\] from config\.json, the file has \[32, 8\]/)
  })

  it('names a missing tensor and a type it cannot compute with', () => {
    const missing = createMemoryCheckpoint(smallLlama)
    missing.tensors.delete('model.norm.weight')
    assert.throws(() => openModel(missing), /model\.norm\.weight: config\.json requires it/)
    const integer = createMemoryCheckpoint(smallLlama)
    const entry = integer.tensors.get('model.norm.weight')!
    integer.tensors.set(entry.name, { ...entry, dtype: 'I8' })
    assert.throws(() => openModel(integer), /stored as I8; weights must be F32, F16, BF16 or F64/)
  })

  it('ignores buffers of old versions, and lists tensors that it does not read', () => {
    const checkpoint = createMemoryCheckpoint({ ...smallLlama, tie_word_embeddings: true })
    for (const name of ['model.layers.0.self_attn.rotary_emb.inv_freq', 'lm_head.weight', 'model.extra.weight']) {
      checkpoint.put(name, [1], new Float32Array(1))
    }
    const model = openModel(checkpoint)
    assert.deepEqual(model.unused, ['model.extra.weight'])
    assert.match(unusedText(model) ?? '', /part of this LLaMA model: model\.extra\.weight$/)
    assert.equal(unusedText({ ...model, unused: [] }), null)
  })

  it('does not compute with a tied head if the file contains a different head', async () => {
    const backend = openReference()
    const checkpoint = createMemoryCheckpoint({ ...smallLlama, tie_word_embeddings: true })
    const embedding = await checkpoint.read('model.embed_tokens.weight')
    const values = new Float32Array(embedding.buffer)
    checkpoint.put('lm_head.weight', [20, 8], values)
    releaseEnds(backend, await loadEnds(backend, openModel(checkpoint)))
    checkpoint.put('lm_head.weight', [20, 8], values.with(159, 7))
    const other = loadEnds(backend, openModel(checkpoint))
    await assert.rejects(other, /lm_head\.weight is another matrix than model\.embed_tokens\.weight\. .*to false/)
  })
})

describe('weights', () => {
  for (const folder of ['gpt2', 'llama_bf16_sharded', 'opt_f16']) {
    it(`of ${folder} loaded and stored are the same bytes`, async () => {
      const checkpoint = await openCheckpoint(goldenPath(folder))
      const model = openModel(checkpoint)
      for (const parameter of model.parameters.values()) {
        const values = decode(await readWeight(model, parameter))
        assert.deepEqual(
          storedBytes(model, parameter.name, values),
          await checkpoint.read(parameter.name),
          parameter.name,
        )
      }
      await checkpoint.close()
    })
  }

  it('stay 16-bit on the device when loaded as stored, vectors apart', async () => {
    const backend = openReference()
    const model = openModel(createMemoryCheckpoint(smallLlama, 'BF16'))
    const stored = await loadBlock(backend, model, 0, { as: 'stored' })
    assert.equal(stored.linears[0].weight.dtype, 'bf16')
    assert.equal(stored.params.get('model.layers.0.input_layernorm.weight')!.dtype, 'f32')
    const wide = await loadBlock(backend, model, 0, { as: 'f32' })
    assert.equal(wide.linears[0].weight.dtype, 'f32')
    const linears = 8 * 8 + 2 * 4 * 8 + 8 * 8 + 3 * 12 * 8
    assert.equal(blockBytes(model, 0, 'stored'), 2 * linears + 4 * 16)
    assert.equal(blockBytes(model, 0, 'f32'), 4 * linears + 4 * 16)
  })

  for (const dtype of ['F32', 'BF16', 'F64'] as const) {
    it(`stored as ${dtype} are the same loaded whole or in pieces of a few rows`, async () => {
      const backend = openReference()
      const checkpoint = createMemoryCheckpoint(smallLlama, dtype)
      const model = openModel(checkpoint)
      const all = [...model.parameters.values()]
      const whole = await loadParameters(backend, model, all, 'f32')
      const pieces = await loadParameters(backend, model, all, 'f32', 100)
      assert.ok(checkpoint.reads.get('model.embed_tokens.weight')! > 3)
      for (const [name, tensor] of whole)
        assert.deepEqual(await backend.read(pieces.get(name)!), await backend.read(tensor))
    })
  }

  it('that replace the checkpoint’s are not read, and outlive the block', async () => {
    const backend = openReference()
    const checkpoint = createMemoryCheckpoint(smallLlama)
    const model = openModel(checkpoint)
    const name = 'model.layers.0.mlp.down_proj.weight'
    const mine = backend.allocate('f32', [8, 12])
    const block = await loadBlock(backend, model, 0, { as: 'f32', overrides: new Map([[name, mine]]) })
    assert.equal(block.linears.at(-1)!.weight, mine)
    assert.equal(checkpoint.reads.get(name), undefined)
    releaseBlock(backend, block)
    assert.equal((await readF32(backend, mine)).length, 96)
  })
})

describe('an observer', () => {
  /** What a forward of block 0 shows: names and rows. */
  async function observe(config: object) {
    const backend = openReference()
    const model = openModel(createMemoryCheckpoint(config))
    const block = await loadBlock(backend, model, 0, { as: 'f32' })
    const arena = new Arena(backend)
    const input = arena.allocate([6, 8])
    backend.write(
      input,
      Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    )
    const seen: { linears: readonly Linear[]; rows: number; columns: number }[] = []
    const step = { backend, arena, batch: 2, seqLen: 3, keyMask: null }
    const watched = {
      ...step,
      observe: (linears: readonly Linear[], x: { shape: readonly number[] }) =>
        void seen.push({ linears, rows: x.shape[0], columns: x.shape[1] }),
    }
    await blockForward(watched, block, input, false)
    return { seen, linears: block.linears }
  }

  for (const model_type of ['llama', 'phi', 'gpt_neox', 'phi3']) {
    it(`sees the input of every linear of ${model_type} once, with all that read it`, async () => {
      const { seen, linears } = await observe({ ...smallLlama, model_type, num_key_value_heads: 2, rotary_pct: 0.5 })
      assert.deepEqual(seen.flatMap((s) => s.linears.map((l) => l.name)).sort(), linears.map((l) => l.name).sort())
      for (const { linears: readers, rows, columns } of seen) {
        assert.equal(new Set(readers.map((l) => l.inputKey)).size, 1)
        assert.equal(rows, 6)
        assert.ok(readers.every((l) => l.weight.shape[1] === columns))
      }
      assert.equal(new Set(seen.map((s) => s.linears[0].inputKey)).size, seen.length)
    })
  }

  it('sees of an expert only the rows that were sent to it', async () => {
    const { seen } = await observe(smallMixtral)
    const experts = seen.filter((s) => s.linears[0].name.includes('experts'))
    const rowsOfGates = experts.filter((s) => s.linears.length === 2).reduce((sum, s) => sum + s.rows, 0)
    assert.equal(rowsOfGates, 6 * 2)
    assert.ok(experts.some((s) => s.rows < 6))
  })
})
