import assert from 'node:assert/strict'
import { prunesFirst, pruningOf } from '../../../src/plan/passes.ts'
import { resolvedRecipe, tinyRecipe } from '../../support/recipes.ts'

const calibration = { data: 'text.jsonl', samples: 8, seq_len: 16 }
const recipe = (more: object) => resolvedRecipe(tinyRecipe({ calibration, ...more }))
const of = (more: object) => pruningOf(recipe(more))

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
    const magnitude = [{ method: 'magnitude', sparsity: 0.5 }]
    assert.equal(of({ seed: 1, prune: magnitude }), of({ seed: 0, prune: magnitude }))
    const random = [{ method: 'random', sparsity: 0.5 }]
    assert.notEqual(of({ seed: 1, prune: random }), of({ seed: 0, prune: random }))
    const reordered = { calibration: ids, prune: [{ method: 'alps', pattern: '2:4', reorder: true }] }
    assert.notEqual(of({ seed: 1, ...reordered }), of({ seed: 0, ...reordered }))
  })
})

describe('prunesFirst', () => {
  it('is true where the pruned model is there before it is recovered', () => {
    const reconstruct = { mode: 'reconstruct', steps: 1, train: ['bias'], lr: 1e-3 }
    const retrain = { mode: 'retrain', data: 'x.jsonl', steps: 5, train: ['bias'], lr: 1e-3 }
    assert.equal(prunesFirst(recipe({})), true)
    assert.equal(prunesFirst(recipe({ recover: [retrain, reconstruct] })), true)
    assert.equal(prunesFirst(recipe({ recover: [reconstruct, retrain] })), false)
    assert.equal(prunesFirst(recipe({ prune: undefined })), false)
  })
})
