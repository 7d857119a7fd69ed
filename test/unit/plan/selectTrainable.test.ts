import assert from 'node:assert/strict'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../../src/catalog/families/parameters.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'
import { viewModel } from '../../../src/plan/modelView.ts'
import { planFindings } from '../../../src/plan/planFindings.ts'
import {
  countParameters,
  countTrainable,
  setOfBlock,
  trainableRows,
  trainableSet,
} from '../../../src/plan/trainable.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import type { Recover } from '../../../src/recipe/schema.ts'

const opt125m = readModelConfig({
  model_type: 'opt',
  vocab_size: 50272,
  hidden_size: 768,
  ffn_dim: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  max_position_embeddings: 2048,
})
const llama2 = readModelConfig({
  model_type: 'llama',
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  max_position_embeddings: 4096,
})
const qwen = readModelConfig({
  model_type: 'qwen2',
  vocab_size: 151936,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 32768,
  tie_word_embeddings: true,
})

const percent = (config: typeof opt125m, train: Subset[]) =>
  (100 * countTrainable(trainableSet(config, { train, mode: 'retrain' }), 16)) / countParameters(config)

/** What the plan says of a recovery: rule and sentence. */
const said = (config: typeof opt125m, recover: Recover) => {
  const recipe = {
    version: 1 as const,
    model: 'm',
    prune: [{}],
    calibration: { data: 'a' },
    recover: { data: 'a', ...recover },
  }
  return planFindings(resolveRecipe(recipe, config), viewModel(config)).map(
    ({ rule, message }) => `${rule}: ${message}`,
  )
}

describe('trainable sets', () => {
  // Norm shares of OPT count weights alone in the published table, biases counting as biases.
  for (const [name, config, total, bias, biasNorm, head, lora] of [
    ['OPT-125M', opt125m, 125239296, 0.0816, 0.0969, 0.6521, 2.1193],
    ['Qwen2.5-0.5B', qwen, 494032768, 0.0056, 0.0145, 0.495, 1.7809],
  ] as const)
    it(`${name}: parameters and percentages are those of the published table`, () => {
      assert.equal(countParameters(config), total)
      assert.equal(percent(config, ['bias']).toFixed(4), bias.toFixed(4))
      assert.equal(percent(config, ['bias', 'norm']).toFixed(4), biasNorm.toFixed(4))
      assert.equal(percent(config, ['head']).toFixed(4), head.toFixed(4))
      assert.equal(percent(config, ['mask_lora']).toFixed(4), lora.toFixed(4))
      assert.equal(percent(config, ['full']), 100)
    })

  it('LLaMA-2-7B: norms are 0.0040 %, and training only biases is an error that says why', () => {
    assert.equal(countParameters(llama2), 6738415616)
    assert.equal(percent(llama2, ['norm']).toFixed(4), '0.0040')
    const [, alone] = said(llama2, { train: ['bias'], mode: 'retrain' })
    assert.equal(
      alone,
      'nothing-to-train: Nothing would be trained, as this model has no biases: train [norm, mask_lora].',
    )
    const [beside, ...others] = said(llama2, { train: ['bias', 'norm'], mode: 'retrain' })
    assert.match(beside, /^parameters-missing: This model has no biases, so bias trains nothing: use norm or/)
    assert.deepEqual(others, [])
  })

  it('reconstruction stays inside the blocks and says what it skips', () => {
    const set = trainableSet(opt125m, { train: ['norm', 'head', 'embedding'], mode: 'reconstruct' })
    assert.equal(set.direct.length, 12 * 4)
    assert.equal(set.adapted.length, 0)
    const skipped = said(opt125m, { train: ['norm', 'head', 'embedding'], mode: 'reconstruct' })
    assert.deepEqual(
      skipped.map((line) => line.split(', which')[0]),
      ['head', 'embedding'].map((subset) => `head-in-reconstruction: Reconstruction skips the ${subset}`),
    )
    assert.match(said(opt125m, { train: ['head'], mode: 'reconstruct' })[1], /^nothing-to-train: .* skips the head/)
    const block = setOfBlock(opt125m, trainableSet(opt125m, { train: ['bias', 'mask_lora'], mode: 'reconstruct' }), 3)
    assert.deepEqual([block.direct.length, block.adapted.length], [8, 6])
    assert.ok(block.direct.every(({ name }) => name.startsWith('model.decoder.layers.3.')))
  })

  it('two adapters, or full with an adapter, exclude each other', () => {
    for (const train of [
      ['mask_lora', 'scale_lora'],
      ['full', 'lora_prune'],
    ] as Subset[][])
      assert.match(said(opt125m, { train, mode: 'retrain' })[0], /^exclusive-settings: /)
  })

  it('counts what the plan of a recipe shows, for every subset and both modes', () => {
    const lora = { rank: 16, alpha: 32, init: null }
    const subsets: Subset[] = ['bias', 'norm', 'head', 'embedding', 'lora_prune', 'scale_lora', 'mask_lora', 'full']
    for (const config of [opt125m, llama2, qwen])
      for (const mode of ['retrain', 'reconstruct'] as const)
        for (const subset of subsets) {
          const train: Subset[] = ['norm', subset]
          const planned = trainableRows(config, modelParameters(config), { mode, train, lora })
          const sum = planned.reduce((total, row) => total + row.trainable, 0)
          assert.equal(countTrainable(trainableSet(config, { train, mode }), 16), sum, `${mode} ${subset}`)
        }
  })

  it('scale_lora trains one row and one column vector of each linear', () => {
    const set = trainableSet(opt125m, { train: ['scale_lora'], mode: 'retrain' })
    assert.equal(countTrainable(set, 16), 12 * (4 * (768 + 768) + 2 * (768 + 3072)))
  })
})
