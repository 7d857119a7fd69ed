import assert from 'node:assert/strict'
import { estimatesOf } from '../../../src/shared/plan/estimates.ts'
import { estimateRunOfSweep, estimateSweep, estimateSweepOf } from '../../../src/shared/plan/sweepEstimates.ts'
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
  const dense = first.shared.reduce((sum, { seconds }) => sum + seconds, 0)
  const near = (actual: number | null, expected: number) =>
    assert.ok(Math.abs((actual ?? 0) - expected) < 1e-9 * expected, `${actual}, not ${expected}`)

  it('is its runs, with the dense model measured once', () => {
    assert.ok(dense > 0)
    const { seconds, diskBytes, memoryBytes, shares } = estimateSweep(runs)
    near(seconds, 3 * (first.seconds ?? 0) - 2 * dense)
    assert.equal(diskBytes, 3 * first.diskBytes)
    assert.equal(memoryBytes, first.memoryBytes)
    assert.equal(shares, true)
    const alone = estimateSweep([first])
    assert.equal(alone.shares, false)
    near(alone.seconds, estimatesOf(recipe(0.4), facts).seconds ?? 0)
  })

  it('is measured once however often the others are measured in between, and wherever else they are', () => {
    const other = estimateRunOfSweep(recipe(0.4, { evaluate: [{ ...evaluate, at: ['dense'] }] }), facts)
    near(estimateSweep([first, other]).seconds, (first.seconds ?? 0) + (other.seconds ?? 0) - dense)
  })

  const whole = (sweep: object) => {
    const prune = [{ method: 'magnitude', sparsity: 0.4 }]
    return recipeSchema.parse({ version: 1, model: 'm', prune, evaluate: [evaluate], save: { to: 'out' }, sweep })
  }

  it('of a recipe is that of its runs, each as it is', () => {
    const sweep = { 'evaluate.0.max_tokens': [500, 1000], 'prune.0.sparsity': [0.4, 0.5] }
    const { seconds, numRuns } = estimateSweepOf(whole(sweep), facts) ?? {}
    const of = (tokens: number) =>
      estimateRunOfSweep(recipe(0.4, { evaluate: [{ ...evaluate, max_tokens: tokens }] }), facts)
    const pairs = [500, 1000].map((tokens) => estimateSweep([of(tokens), of(tokens)]).seconds ?? 0)
    assert.equal(numRuns, 4)
    near(seconds ?? null, pairs[0] + pairs[1])
    assert.equal(estimateSweepOf(whole({ 'prune.0.sparsity': [7] }), facts), null)
  })

  it('of a large one is told by some of its runs, what they share still once', () => {
    const seed = Array.from({ length: 500 }, (_, i) => i)
    const { seconds, diskBytes, numRuns } = estimateSweepOf(whole({ seed }), facts) ?? {}
    assert.equal(numRuns, 500)
    near(seconds ?? null, 500 * ((first.seconds ?? 0) - dense) + dense)
    near(diskBytes ?? null, 500 * first.diskBytes)
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
