import assert from 'node:assert/strict'
import { plannedParts, timedParts } from '../../../src/plan/time.ts'
import { llamaConfig, modelOf, optConfig } from '../../support/recipeFacts.ts'
import { resolvedRecipe } from '../../support/recipes.ts'

const machine = { gpu: false, threads: 2 }
const prune = [{ method: 'wanda', sparsity: 0.5 }]
const calibration = { data: 'a.jsonl', samples: 128, seq_len: 64 }

function partsOf(recipe: object) {
  const resolved = resolvedRecipe(recipe)
  const parts = plannedParts(resolved, modelOf(optConfig), machine, () => 10_000)
  return new Map(parts.map(({ part, seconds }) => [part, seconds]))
}

describe('the planned parts of a run', () => {
  it('are those of the recipe, each with a time of its own', () => {
    const evaluate = [{ task: 'perplexity', data: 'b.jsonl', at: ['dense', 'pruned', 'recovered'] }]
    const recover = { mode: 'retrain', data: 'a.jsonl', train: ['norm'], steps: 10 }
    const all = partsOf({ prune, calibration, recover, evaluate, save: { to: 'out' } })
    assert.deepEqual(
      [...all.keys()],
      ['evaluate dense', 'prune', 'evaluate pruned', 'recover 0', 'evaluate recovered', 'save result'],
    )
    assert.ok([...all.values()].every((seconds) => seconds > 0))
    assert.deepEqual([...partsOf({ prune, calibration, evaluate: [] }).keys()], ['prune'])
  })

  it('count the search for an order of channels', () => {
    const timeOf = (more: object) =>
      partsOf({ prune: [{ method: 'alps', pattern: '2:4', ...more }], calibration }).get('prune')
    assert.ok(timeOf({ reorder: true })! > timeOf({})!)
    const targets = ['re:.*q_proj$']
    assert.equal(timeOf({ reorder: true, targets }), timeOf({ targets }))
  })

  it('have a reconstruction train while it prunes, and prune once more for a pruned perplexity', () => {
    const recover = { mode: 'reconstruct', train: ['norm'], steps: 10 }
    const plain = partsOf({ prune, calibration, recover, save: { to: 'out' } })
    assert.deepEqual([...plain.keys()], ['prune', 'save result'])
    const evaluate = [{ task: 'perplexity', data: 'b.jsonl', at: ['pruned'] }]
    assert.ok(partsOf({ prune, calibration, recover, evaluate }).has('baseline'))
    const saved = partsOf({ prune, calibration, recover, save: { to: 'out', pruned: 'pruned' } })
    assert.deepEqual([...saved.keys()], ['baseline', 'prune', 'save pruned', 'save result'])
    const longer = partsOf({ prune, calibration, recover: { ...recover, steps: 1000 }, save: { to: 'out' } })
    assert.ok(longer.get('prune')! > 2 * plain.get('prune')!)
  })

  it('are apart for recoveries of a list, but not for those that share the pass of pruning', () => {
    const reconstruct = { mode: 'reconstruct', train: ['norm'], steps: 10 }
    const retrain = { mode: 'retrain', data: 'a.jsonl', train: ['norm'], steps: 10 }
    const all = partsOf({
      prune,
      calibration,
      recover: [{ mode: 'refit' }, reconstruct, retrain, reconstruct, retrain],
    })
    assert.deepEqual([...all.keys()], ['prune', 'recover 0', 'recover 1', 'recover 2'])
    assert.ok(all.get('prune')! > all.get('recover 1')!)
    const without = partsOf({ prune, calibration, recover: reconstruct })
    assert.ok(all.get('prune')! > without.get('prune')!)
    assert.equal(all.get('recover 0'), all.get('recover 2'))
  })

  it('are one for each entry of evaluations in between', () => {
    const recover = { mode: 'retrain', data: 'a.jsonl', train: ['norm'], steps: 100 }
    const evaluate = (more: object) => [{ task: 'perplexity', data: 'b.jsonl', at: ['dense'], ...more }]
    const [without, withThem] = [{}, { every: 10 }].map((more) =>
      partsOf({ prune, calibration, recover, evaluate: evaluate(more) }),
    )
    assert.equal(withThem.get('recover 0'), without.get('recover 0'))
    const [between, dense] = [withThem.get('evaluate between 0')!, without.get('evaluate dense')!]
    assert.ok(Math.abs(between - 10 * dense) < 1e-9 * between)
    assert.ok(!without.has('evaluate between 0'))
    // The last of its 12 blocks ends a pass.
    const parts = partsOf({ prune, calibration, recover: { mode: 'refit' }, evaluate: evaluate({ every: 4 }) })
    assert.ok(Math.abs(parts.get('evaluate between 0')! - 2 * dense) < 1e-9 * dense)
    const merge = { mode: 'merge', adapter: 'lora' }
    assert.ok(!partsOf({ prune, recover: merge, evaluate: evaluate({ every: 1 }) }).has('evaluate between 0'))
  })

  it('take the pruned model for `recovered` where there is no `recover`', () => {
    const evaluate = [{ task: 'perplexity', data: 'b.jsonl', at: ['recovered'] }]
    assert.deepEqual([...partsOf({ prune, calibration, evaluate }).keys()], ['prune', 'evaluate pruned'])
  })

  it('count only the windows of a text that are measured', () => {
    const known = {
      exists: true,
      kind: 'text',
      fields: null,
      shapes: new Map(),
      longestDocument: null,
      problem: null,
    } as const
    const file = { ...known, bytes: 4 * 64 * 100, documents: 100 }
    const seconds = (samples?: number) => {
      const evaluate = [{ data: 'b.jsonl', seq_len: 64, at: ['dense'], ...(samples && { samples }) }]
      const resolved = resolvedRecipe({ prune, calibration, evaluate })
      const parts = timedParts(resolved, modelOf(optConfig), machine, new Map([['b.jsonl', file]]))
      return parts.find(({ part }) => part === 'evaluate dense')?.seconds ?? NaN
    }
    assert.ok(Math.abs(seconds(25) / seconds() - 0.25) < 1e-9, `${seconds(25)} ${seconds()}`)
    assert.equal(seconds(500), seconds())
  })

  it('take for an evaluation its multiply-adds over the rate of device, threads and precision', () => {
    const evaluate = [{ task: 'perplexity', data: 'b.jsonl', seq_len: 64, at: ['dense'] }]
    const seconds = (more: object, on: object) => {
      const recipe = resolvedRecipe({ prune, calibration, evaluate, ...more })
      const [first] = plannedParts(recipe, modelOf(optConfig), { ...machine, ...on }, () => 10_000)
      return first.seconds
    }
    const { hidden_size: width, ffn_dim: inner, num_hidden_layers: blocks, vocab_size: words } = optConfig
    // Four projections, two linears of the MLP, scores and values of 32 keys on average, and the head.
    const token = blocks * (4 * width ** 2 + 2 * width * inner + 2 * 32 * width) + words * width
    const near = (actual: number, rate: number) =>
      assert.ok(Math.abs(actual / ((10_000 * token) / rate) - 1) < 1e-9, `${actual}`)
    near(seconds({ precision: 'f32' }, { threads: 1 }), 45e9)
    near(seconds({ precision: 'f32' }, { threads: 8 }), 8 * 45e9)
    near(seconds({ precision: 'bf16' }, { threads: 1 }), 90e9)
    near(seconds({ precision: 'bf16' }, { gpu: true }), 1e12)
  })

  it('know the pace of a retraining after ten steps, all else after a block', () => {
    const retrain = { mode: 'retrain', data: 'a.jsonl', train: ['norm'], steps: 50 }
    const resolved = resolvedRecipe({ prune, calibration, recover: [retrain, { ...retrain, steps: 5 }] })
    const parts = plannedParts(resolved, modelOf(optConfig), machine, () => 0)
    assert.deepEqual(
      parts.map(({ part, firstShare }) => [part, firstShare]),
      [
        ['prune', 1 / 12],
        ['recover 0', 0.2],
        ['recover 1', 1],
      ],
    )
  })

  it('count for a token the experts that it is sent to, not all of them', () => {
    const config = (num_local_experts: number) => ({
      ...llamaConfig,
      model_type: 'mixtral',
      num_local_experts,
      num_experts_per_tok: 2,
    })
    const evaluate = [{ task: 'perplexity', data: 'b.jsonl', at: ['dense'] }]
    const resolved = resolvedRecipe({ prune, calibration, evaluate })
    const [two, eight] = [2, 8].map((experts) => {
      const parts = plannedParts(resolved, modelOf(config(experts)), machine, () => 10_000)
      return parts.find(({ part }) => part === 'evaluate dense')?.seconds ?? NaN
    })
    // Routers are larger.
    assert.ok(eight / two < 1.05, `${eight} ${two}`)
  })
})
