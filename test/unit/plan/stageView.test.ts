// What each stage of a recipe may change: numbers and sentences beside sums that are written out here.
import assert from 'node:assert/strict'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { planRecipe } from '../../../src/plan/planRecipe.ts'
import { compactCount, stagesOf } from '../../../src/plan/stageView.ts'
import { trainBudgets } from '../../../src/plan/trainable.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { factsOf, modelOf, optConfig } from '../../support/recipeFacts.ts'

const [hidden, inner, blocks, heads, vocabulary] = [576, 1536, 30, 192, 49152]
/** SmolLM2-135M, whose head is its embedding. */
const smollm2 = {
  model_type: 'llama',
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: blocks,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: vocabulary,
  max_position_embeddings: 8192,
  tie_word_embeddings: true,
}
const shapes = [
  [hidden, hidden],
  [heads, hidden],
  [heads, hidden],
  [hidden, hidden],
  [inner, hidden],
  [inner, hidden],
  [hidden, inner],
]
const weights = blocks * shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0)
const norms = (2 * blocks + 1) * hidden
const all = weights + norms + vocabulary * hidden
const adapters = (rank: number) => blocks * shapes.reduce((sum, [rows, columns]) => sum + rank * (rows + columns), 0)

function planOf(recipe: object, config: object = smollm2) {
  const resolved = resolveRecipe(recipeSchema.parse({ version: 1, model: 'm', ...recipe }), readModelConfig(config))
  return planRecipe('r.prune.yaml', resolved, factsOf(modelOf(config)), [])
}
const calibration = { data: 'a.jsonl' }
const retrain = { mode: 'retrain', data: 'a.jsonl', train: ['norm', 'mask_lora'] }
const prune = [{ method: 'alps', sparsity: 0.5 }]

describe('the stages of a recipe', () => {
  it("of the form's own recipe on SmolLM2: 4.92 M of 134.5 M, 3.66 %, 61 norms, 210 matrices", () => {
    const stages = stagesOf(
      planOf({ prune, calibration, recover: [{ mode: 'reconstruct', train: ['full'] }, retrain] }),
    )
    assert.deepEqual(
      stages.map(({ title, share }) => `${title} ${share}`),
      ['Prune 50 %', 'Reconstruct 39.5 %', 'Retrain 3.66 %'],
    )
    const [pruned, full, last] = stages
    assert.equal(last.count, norms + adapters(16))
    assert.equal(last.percentage, (100 * (norms + adapters(16))) / all)
    assert.equal(
      last.said.join(''),
      'Retrain trains 4.92 M of 134.5 M numbers, 3.66 %: 61 norms, and MaskLoRA of rank 16 on 210 matrices. They merge: no zero is filled.',
    )
    // Reconstruction stays inside the blocks: the final norm does not train.
    assert.equal(full.count, weights / 2 + norms - hidden)
    assert.match(full.said.join(''), /: 60 norms, and every kept weight of 210 matrices\. Pruned weights stay zero\.$/)
    assert.match(
      pruned.said.join(''),
      /^Prune sets 53\.1 M of 134\.5 M numbers to zero, 39\.5 %: 50 % of 210 matrices\./,
    )
    assert.equal(pruned.count, 0)
  })

  it('count only kept weights as trained in the plan too, which the form and the lens show', () => {
    const { recoveries, trainable, percentage } = planOf({
      prune,
      calibration,
      recover: [{ mode: 'reconstruct', train: ['full'] }, retrain],
    })
    const kept = weights / 2 + norms - hidden
    assert.deepEqual(
      recoveries.map((one) => one.trainable),
      [kept, norms + adapters(16)],
    )
    assert.deepEqual([trainable, percentage], [kept, (100 * kept) / all])
  })

  it('names kinds: what trains by itself, by an adapter, as kept weights, and what is frozen', () => {
    const kindsIn = (recover: object[], config: object = smollm2) =>
      stagesOf(planOf({ prune, calibration, recover }, config))
        .at(-1)
        ?.rows.map(({ role, kind, count }) => `${role} ${kind} ${count > 0 ? 'moves' : 'stays'}`)
    assert.deepEqual([...new Set(kindsIn([retrain]))].sort(), [
      'embedding frozen stays',
      'linear adapter moves',
      'norm vector moves',
    ])
    assert.deepEqual([...new Set(kindsIn([{ mode: 'refit' }]))].sort(), [
      'embedding frozen stays',
      'linear kept moves',
      'norm frozen stays',
    ])
    const bias = kindsIn([{ ...retrain, train: ['bias'] }], optConfig) ?? []
    assert.ok(bias.includes('bias vector moves') && bias.includes('linear frozen stays'))
  })

  it('say what a refit, a merge, an update of the head and N:M sparsity come to', () => {
    const said = (recipe: object, config: object = smollm2) =>
      stagesOf(planOf({ calibration, ...recipe }, config)).map((one) => one.said.join(''))
    const [quarter, refit] = said({ prune: [{ method: 'wanda', pattern: '2:4' }], recover: [{ mode: 'refit' }] })
    assert.match(quarter, /50 % of 210 matrices/)
    assert.match(refit, /^Refit solves for 53\.1 M of .* every kept weight of 210 matrices/)
    const [, merge] = said({ prune, recover: [{ mode: 'merge', adapter: 'lora' }] })
    assert.match(merge, /^Merge adds an adapter that was trained elsewhere, under the mask: no zero is filled\.$/)
    const [, one, two] = said({ prune, recover: [retrain, { ...retrain, train: ['head'], lora: { rank: 4 } }] })
    assert.match(one, /^Retrain 1 trains/)
    assert.match(two, /^Retrain 2 trains .*: an update of rank 4 of the head\.$/)
    assert.deepEqual(said({ prune: [] }), ['This recipe changes nothing in this model.'])
  })

  it('write numbers with three or four digits', () => {
    assert.deepEqual([0, 7, 999, 1536, 4_917_504, 134_515_008, 1_543_714_304].map(compactCount), [
      '0',
      '7',
      '999',
      '1.54 K',
      '4.92 M',
      '134.5 M',
      '1.54 B',
    ])
  })
})

describe('budgets of a model', () => {
  it('are what each choice trains, from little to much; "all weights" counts the kept ones', () => {
    const budgets = trainBudgets(readModelConfig(smollm2), 'retrain', weights / 2)
    const of = (name: string) => budgets.find((one) => one.name === name)
    assert.equal(of('norms')?.count, norms)
    for (const rank of [1, 4, 16, 64]) assert.equal(of(`MaskLoRA ${rank}`)?.count, norms + adapters(rank))
    assert.equal(of('all kept weights')?.count, all - weights / 2)
    assert.equal(of('biases + norms'), undefined, 'the model has no biases')
    assert.deepEqual(of('MaskLoRA 4')?.train, ['norm', 'mask_lora'])
    assert.deepEqual(
      [...budgets].sort((a, b) => a.count - b.count),
      budgets,
    )
    for (const { count, percentage } of budgets) assert.equal(percentage, (100 * count) / all)
  })

  it('have biases where the model has some, and stay inside the blocks where blocks are reconstructed', () => {
    const opt = readModelConfig(optConfig)
    const [first, second] = trainBudgets(opt, 'reconstruct', 0)
    assert.deepEqual([first.name, second.name], ['norms', 'biases + norms'])
    assert.ok(trainBudgets(opt, 'retrain', 0)[0].count > first.count, 'the final norm')
  })
})
