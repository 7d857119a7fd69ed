import assert from 'node:assert/strict'
import { estimatesOf } from '../../../src/shared/plan/estimates.ts'
import { estimateRunOfSweep, estimateSweep } from '../../../src/shared/plan/sweepEstimates.ts'
import { noFacts, type LintFacts } from '../../../src/shared/recipe/facts.ts'
import { resolveRecipe } from '../../../src/shared/recipe/resolve.ts'
import { recipeSchema } from '../../../src/shared/recipe/schema.ts'
import { modelOf, optConfig } from '../../support/recipeFacts.ts'

const machine = { memoryBytes: 2 ** 34, freeDiskBytes: null, threads: 2, budgetBytes: 2 ** 33, gpu: false }
const facts: LintFacts = { ...noFacts, model: modelOf(optConfig), machine }
const evaluate = { task: 'samples', prompts: ['Once'], max_tokens: 1000, at: ['dense', 'pruned'] }

function recipe(sparsity: number, more: object = {}) {
  const prune = [{ method: 'magnitude', sparsity }]
  const whole = { version: 1, model: 'm', prune, evaluate: [evaluate], save: { to: 'out' }, ...more }
  return resolveRecipe(recipeSchema.parse(whole))
}

describe('what a sweep takes', () => {
  const runs = [0.4, 0.5, 0.6].map((sparsity) => estimateRunOfSweep(recipe(sparsity), facts))
  const [first] = runs

  it('is its runs, with the dense model measured once', () => {
    assert.ok(first.dense > 0)
    const { seconds, diskBytes, memoryBytes } = estimateSweep(runs)
    assert.ok(Math.abs((seconds ?? 0) - (3 * (first.seconds ?? 0) - 2 * first.dense)) < 1e-9)
    assert.equal(diskBytes, 3 * first.diskBytes)
    assert.equal(memoryBytes, first.memoryBytes)
    assert.deepEqual(estimateSweep([first]), estimatesOf(recipe(0.4), facts))
  })

  it('shares nothing among runs that ask other questions, of another model, or with other products', () => {
    for (const more of [{ model: 'other' }, { precision: 'bf16' }, { evaluate: [{ ...evaluate, max_tokens: 999 }] }]) {
      const other = estimateRunOfSweep(recipe(0.4, more), facts)
      assert.equal(estimateSweep([first, other]).seconds, (first.seconds ?? 0) + (other.seconds ?? 0))
    }
  })

  it('has no time where that of a run is not known', () => {
    const unknown = estimateRunOfSweep(recipe(0.4), { ...facts, machine: null })
    assert.equal(estimateSweep([first, unknown]).seconds, null)
    assert.equal(estimateSweep([unknown, first]).seconds, null)
  })
})
