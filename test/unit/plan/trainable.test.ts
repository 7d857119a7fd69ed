// The share of trainable parameters (docs/methods.md, "What is trained") of published configurations.
import assert from 'node:assert/strict'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../../src/catalog/families/parameters.ts'
import { planFindings } from '../../../src/plan/planFindings.ts'
import { viewModel } from '../../../src/plan/modelView.ts'
import {
  countParameters,
  countTrainable,
  setOfBlock,
  sizeOf,
  trainablePercentage,
  trainableRows,
  trainableSet,
} from '../../../src/plan/trainable.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import type { Recover } from '../../../src/recipe/schema.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'

const opt = (hidden: number, blocks: number, heads: number) => ({
  model_type: 'opt',
  hidden_size: hidden,
  ffn_dim: 4 * hidden,
  num_hidden_layers: blocks,
  num_attention_heads: heads,
  vocab_size: 50272,
  max_position_embeddings: 2048,
  word_embed_proj_dim: hidden,
})
const llama = (
  hidden: number,
  wide: number,
  blocks: number,
  heads: number,
  kv: number,
  vocab: number,
  tied = false,
) => ({
  model_type: 'llama',
  hidden_size: hidden,
  intermediate_size: wide,
  num_hidden_layers: blocks,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  vocab_size: vocab,
  max_position_embeddings: 4096,
  tie_word_embeddings: tied,
})

/** total, prunable, LN, bias, bias + LN, head, LoRA, all: per cent of the total. */
type Row = [name: string, config: object, total: number, ...percentages: number[]]
const table: Row[] = [
  ['OPT-125M', opt(768, 12, 12), 125_239_296, 67.82, 0.0307, 0.0816, 0.0969, 0.6521, 2.1193, 2.8683],
  ['OPT-1.3B', opt(2048, 24, 32), 1_315_758_080, 91.81, 0.0153, 0.0412, 0.0489, 0.0636, 1.0759, 1.1884],
  ['OPT-2.7B', opt(2560, 32, 32), 2_651_596_800, 94.91, 0.0126, 0.0341, 0.0404, 0.0319, 0.8898, 0.962],
  ['OPT-6.7B', opt(4096, 32, 32), 6_658_473_984, 96.76, 0.008, 0.0217, 0.0257, 0.0131, 0.5669, 0.6057],
  ['OPT-13B', opt(5120, 40, 40), 12_853_473_280, 97.9, 0.0065, 0.0176, 0.0208, 0.0069, 0.4589, 0.4866],
  ['OPT-30B', opt(7168, 48, 56), 29_974_540_288, 98.73, 0.0046, 0.0127, 0.015, 0.0031, 0.3306, 0.3486],
  ['LLaMA-2-7B', llama(4096, 11008, 32, 32, 32, 32000), 6_738_415_616, 96.11, 0.004, 0, 0.004, 0.0086, 0.5933, 0.6058],
  [
    'LLaMA-2-13B',
    llama(5120, 13824, 40, 40, 40, 32000),
    13_015_864_320,
    97.48,
    0.0032,
    0,
    0.0032,
    0.0046,
    0.4809,
    0.4886,
  ],
  [
    'Mistral-7B',
    { ...llama(4096, 14336, 32, 32, 8, 32000), model_type: 'mistral', sliding_window: 4096 },
    7_241_732_096,
    96.38,
    0.0037,
    0,
    0.0037,
    0.008,
    0.5792,
    0.5908,
  ],
  [
    'Llama-3.1-8B',
    llama(4096, 14336, 32, 32, 8, 128256),
    8_030_261_248,
    86.91,
    0.0033,
    0,
    0.0033,
    0.0264,
    0.5223,
    0.552,
  ],
  [
    'Llama-3.2-1B',
    llama(2048, 8192, 16, 32, 8, 128256, true),
    1_235_814_400,
    78.74,
    0.0055,
    0,
    0.0055,
    0.1687,
    0.9121,
    1.0863,
  ],
  [
    'Qwen2.5-0.5B',
    { ...llama(896, 4864, 24, 14, 2, 151936, true), model_type: 'qwen2' },
    494_032_768,
    72.43,
    0.0089,
    0.0056,
    0.0145,
    0.495,
    1.7809,
    2.2903,
  ],
]

const columns: Subset[][] = [
  ['norm'],
  ['bias'],
  ['bias', 'norm'],
  ['head'],
  ['mask_lora'],
  ['bias', 'norm', 'head', 'mask_lora'],
]

describe('trainable parameters', () => {
  for (const [name, json, total, prunable, ...expected] of table) {
    it(`of ${name} are those of the paper's configurations`, () => {
      const config = readModelConfig(json)
      const parameters = modelParameters(config)
      assert.equal(
        parameters.reduce((n, p) => n + sizeOf(p.shape), 0),
        total,
      )
      assert.equal(countParameters(config), total)
      const linears = parameters.filter((p) => p.kind === 'linear').reduce((n, p) => n + sizeOf(p.shape), 0)
      assert.equal(((100 * linears) / total).toFixed(2), prunable.toFixed(2))
      const lora = { rank: 16, alpha: 32, init: null }
      const percentages = columns.map((train) =>
        trainablePercentage(trainableRows(config, parameters, { mode: 'retrain', train, lora })),
      )
      assert.deepEqual(
        percentages.map((p) => p.toFixed(4)),
        expected.map((p) => p.toFixed(4)),
      )
    })
  }

  it('are one number for each row and each column with ScaleLoRA', () => {
    const config = readModelConfig(opt(768, 1, 12))
    const lora = { rank: 16, alpha: 32, init: null }
    const rows = trainableRows(config, modelParameters(config), { mode: 'retrain', train: ['scale_lora'], lora })
    assert.equal(rows.find((r) => r.name.endsWith('fc1.weight'))?.trainable, 768 + 3072)
  })
})

const opt125m = readModelConfig(opt(768, 12, 12))
const llama2 = readModelConfig(llama(4096, 11008, 32, 32, 32, 32000))
const qwen = readModelConfig({ ...llama(896, 4864, 24, 14, 2, 151936, true), model_type: 'qwen2' })

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

describe('a trainable set', () => {
  it('is an error with the reason where it is only biases and the model has no biases', () => {
    const [, alone] = said(llama2, { train: ['bias'], mode: 'retrain' })
    assert.equal(
      alone,
      'nothing-to-train: Nothing would be trained, as this model has no biases: train [norm, mask_lora].',
    )
    const [beside, ...others] = said(llama2, { train: ['bias', 'norm'], mode: 'retrain' })
    assert.match(beside, /^parameters-missing: This model has no biases, so bias trains nothing: use norm or/)
    assert.deepEqual(others, [])
  })

  it('stays inside the blocks in a reconstruction, which says what it skips', () => {
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

  it('has at most one adapter, and no adapter beside full', () => {
    for (const train of [
      ['mask_lora', 'scale_lora'],
      ['full', 'lora_prune'],
    ] as Subset[][])
      assert.match(said(opt125m, { train, mode: 'retrain' })[0], /^exclusive-settings: /)
  })

  it('has the size that the plan of a recipe shows, for every subset and both modes', () => {
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
})
