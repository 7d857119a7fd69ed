import assert from 'node:assert/strict'
import { estimatesOf } from '../../../src/plan/planRecipe.ts'
import { estimateRunOfSweep, estimateSweep, estimateSweepOf } from '../../../src/runs/compared/sweepEstimates.ts'
import { noFacts, type LintFacts } from '../../../src/recipe/facts.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { modelOf, optConfig } from '../../support/recipeFacts.ts'
import { resolvedRecipe } from '../../support/recipes.ts'

const machine = { memoryBytes: 2 ** 34, freeDiskBytes: null, threads: 2, budgetBytes: 2 ** 33, gpu: false }
const facts: LintFacts = { ...noFacts, model: modelOf(optConfig), machine }
const evaluate = { task: 'samples', prompts: ['Once'], max_tokens: 1000, at: ['dense', 'pruned'] }

function recipe(sparsity: number, more: object = {}) {
  const prune = [{ method: 'magnitude', sparsity }]
  return resolvedRecipe({ prune, evaluate: [evaluate], save: { to: 'out' }, ...more })
}

describe('the time of a sweep', () => {
  const runs = [0.4, 0.5, 0.6].map((sparsity) => estimateRunOfSweep(recipe(sparsity), facts))
  const [first] = runs
  const secondsOf = ({ shared }: typeof first, part = '') =>
    shared.reduce((sum, { key, seconds }) => sum + (key.includes(part) ? seconds : 0), 0)
  const dense = secondsOf(first, '"evaluate dense"')
  const pruning = secondsOf(first, '"prune"')
  const near = (actual: number | null, expected: number) =>
    assert.ok(Math.abs((actual ?? 0) - expected) < 1e-9 * expected, `${actual}, not ${expected}`)

  it('is that of its runs, with the dense model measured once', () => {
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

  it('has the dense model once, however often the others are measured in between', () => {
    const other = estimateRunOfSweep(recipe(0.4, { evaluate: [{ ...evaluate, at: ['dense'] }] }), facts)
    near(estimateSweep([first, other]).seconds, (first.seconds ?? 0) + (other.seconds ?? 0) - dense - pruning)
  })

  it('has pruning once for what is pruned alike and recovered afterwards', () => {
    const retrain = (lr: number) => ({ mode: 'retrain', data: 'x.txt', steps: 5, train: ['bias'], lr })
    const wanda = {
      prune: [{ method: 'wanda', sparsity: 0.5 }],
      calibration: { data: 'a.txt', samples: 8, seq_len: 16 },
    }
    const pair = (recover: (lr: number) => object) =>
      [1e-3, 1e-4].map((lr) => estimateRunOfSweep(recipe(0.5, { ...wanda, recover: recover(lr) }), facts))
    const sum = (list: typeof runs) => list.reduce((all, { seconds }) => all + (seconds ?? 0), 0)
    const after = pair(retrain)
    assert.deepEqual(
      after[0].shared.map(({ key }) => key.split('"')[1]),
      ['evaluate dense', 'evaluate pruned', 'prune'],
    )
    near(estimateSweep(after).seconds, sum(after) - secondsOf(after[0]))
    const meanwhile = pair((lr) => ({ mode: 'reconstruct', steps: 5, train: ['bias'], lr }))
    assert.ok(meanwhile[0].shared.every(({ key }) => !key.startsWith('["prune"')))
    near(estimateSweep(meanwhile).seconds, sum(meanwhile) - secondsOf(meanwhile[0]))
  })

  const whole = (sweep: object) => {
    const prune = [{ method: 'magnitude', sparsity: 0.4 }]
    return recipeSchema.parse({ version: 1, model: 'm', prune, evaluate: [evaluate], save: { to: 'out' }, sweep })
  }

  it('is for a recipe that of its runs, each as it is', () => {
    const sweep = { 'evaluate.0.max_tokens': [500, 1000], 'prune.0.sparsity': [0.4, 0.5] }
    const { seconds, numRuns } = estimateSweepOf(whole(sweep), facts) ?? {}
    const of = (sparsity: number, tokens: number) =>
      estimateRunOfSweep(recipe(sparsity, { evaluate: [{ ...evaluate, max_tokens: tokens }] }), facts)
    const each = [500, 1000].flatMap((tokens) => [0.4, 0.5].map((sparsity) => of(sparsity, tokens)))
    assert.equal(numRuns, 4)
    near(seconds ?? null, estimateSweep(each).seconds ?? 0)
    assert.equal(estimateSweepOf(whole({ 'prune.0.sparsity': [7] }), facts), null)
  })

  it('is estimated by some of its runs for a large one, what they share still once', () => {
    const seed = Array.from({ length: 500 }, (_, i) => i)
    const { seconds, diskBytes, numRuns } = estimateSweepOf(whole({ seed }), facts) ?? {}
    assert.equal(numRuns, 500)
    near(seconds ?? null, 500 * ((first.seconds ?? 0) - secondsOf(first)) + secondsOf(first))
    near(diskBytes ?? null, 500 * first.diskBytes)
  })

  it('has pruning for each run where the seed draws what is pruned', () => {
    const seed = Array.from({ length: 500 }, (_, i) => i)
    const drawn = { ...whole({ seed }), prune: [{ method: 'random' as const, sparsity: 0.4 }] }
    const one = estimateRunOfSweep(resolveRecipe({ ...drawn, sweep: undefined }), facts)
    const measured = secondsOf(one, '"evaluate dense"')
    near(estimateSweepOf(drawn, facts)?.seconds ?? null, 500 * ((one.seconds ?? 0) - measured) + measured)
  })

  it('shares no work among runs of other models or products', () => {
    const together = (more: object, less = 0) => {
      const other = estimateRunOfSweep(recipe(0.4, more), facts)
      near(estimateSweep([first, other]).seconds, (first.seconds ?? 0) + (other.seconds ?? 0) - less)
    }
    together({ model: 'other' })
    together({ precision: 'bf16' })
    together({ evaluate: [{ ...evaluate, max_tokens: 999 }] }, pruning)
  })

  it('is unknown where that of a run is', () => {
    const unknown = estimateRunOfSweep(recipe(0.4), { ...facts, machine: null })
    assert.equal(estimateSweep([first, unknown]).seconds, null)
    assert.equal(estimateSweep([unknown, first]).seconds, null)
  })
})
