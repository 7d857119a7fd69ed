import assert from 'node:assert/strict'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { prunesFirst, pruningOf } from '../../../src/plan/passes.ts'

const recipe = (more: Partial<Recipe>): Recipe => ({
  version: 1,
  model: 'm',
  prune: [{ method: 'wanda', sparsity: 0.5 }],
  calibration: { data: 'text.jsonl', samples: 8, seq_len: 16 },
  ...more,
})
const of = (more: Partial<Recipe>) => pruningOf(resolveRecipe(recipe(more)))

describe('pruningOf', () => {
  it('leaves out what comes after pruning, and keeps what decides it', () => {
    const plain = of({})
    assert.equal(of({ recover: { mode: 'retrain', data: 'x.jsonl', steps: 5, train: ['bias'], lr: 1e-3 } }), plain)
    assert.equal(of({ save: { to: 'out' }, evaluate: [{ data: 'e.txt', seq_len: 8 }] }), plain)
    assert.notEqual(of({ prune: [{ method: 'wanda', sparsity: 0.6 }] }), plain)
    assert.notEqual(of({ precision: 'bf16' }), plain)
    assert.notEqual(of({ calibration: { data: 'text.jsonl', samples: 9, seq_len: 16 } }), plain)
    assert.equal(of({ prune: undefined }), null)
  })

  it('depends on the seed where something is drawn by it', () => {
    assert.notEqual(of({ seed: 1 }), of({ seed: 0 }))
    const ids = { data: 'ids.safetensors', samples: 8, seq_len: 16 }
    assert.equal(of({ seed: 1, calibration: ids }), of({ seed: 0, calibration: ids }))
    const magnitude = [{ method: 'magnitude' as const, sparsity: 0.5 }]
    assert.equal(of({ seed: 1, prune: magnitude }), of({ seed: 0, prune: magnitude }))
    const random = [{ method: 'random' as const, sparsity: 0.5 }]
    assert.notEqual(of({ seed: 1, prune: random }), of({ seed: 0, prune: random }))
  })
})

describe('prunesFirst', () => {
  it('is true where the pruned model is there before it is recovered', () => {
    const reconstruct = { mode: 'reconstruct' as const, steps: 1, train: ['bias'], lr: 1e-3 }
    const retrain = { mode: 'retrain' as const, data: 'x.jsonl', steps: 5, train: ['bias'], lr: 1e-3 }
    assert.equal(prunesFirst(resolveRecipe(recipe({}))), true)
    assert.equal(prunesFirst(resolveRecipe(recipe({ recover: [retrain, reconstruct] as Recipe['recover'] }))), true)
    assert.equal(prunesFirst(resolveRecipe(recipe({ recover: [reconstruct, retrain] as Recipe['recover'] }))), false)
    assert.equal(prunesFirst(resolveRecipe(recipe({ prune: undefined }))), false)
  })
})
