import assert from 'node:assert/strict'
import fc from 'fast-check'
import { depth, depthSparsities, mostSpread } from '../../../src/catalog/allocations/depth.ts'
import { bestTrial } from '../../../src/runs/series/recoveries.ts'
import { owlSparsities } from '../../../src/catalog/allocations/owl.ts'
import { pruneEntries } from '../../../src/plan/runPlan.ts'
import type { PruneStep } from '../../../src/recipe/schema.ts'
import { resolvedRecipe } from '../../support/recipes.ts'

const blocks = (values: number[], sizes = values.map(() => 1)) => values.map((value, i) => ({ value, size: sizes[i] }))
const mean = (sparsities: number[], sizes = sparsities.map(() => 1)) =>
  sparsities.reduce((sum, s, i) => sum + s * sizes[i], 0) / sizes.reduce((a, b) => a + b, 0)
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`)

describe('OWL', () => {
  it('prunes blocks with more outliers less, with 2γ between the extremes and the requested mean', () => {
    const found = owlSparsities(blocks([4, 1, 2]), 0.7, 0.08)
    near(found[1] - found[0], 0.16)
    near(mean(found), 0.7)
    assert.ok(found[0] < found[2] && found[2] < found[1])
  })

  it('weighs by size', () => {
    const sizes = [10, 1, 3]
    near(mean(owlSparsities(blocks([4, 1, 2], sizes), 0.6, 0.1), sizes), 0.6)
  })

  it('is uniform where all blocks are alike, and with one block', () => {
    assert.deepEqual(owlSparsities(blocks([2, 2]), 0.5, 0.08), [0.5, 0.5])
    assert.deepEqual(owlSparsities(blocks([2]), 0.5, 0.08), [0.5])
  })

  it('stays in bounds: the other blocks take what one block cannot', () => {
    const low = owlSparsities(blocks([9, 0, 0]), 0.05, 0.2)
    near(low[0], 0)
    near(mean(low), 0.05)
    const high = owlSparsities(blocks([9, 9, 0]), 0.95, 0.08)
    near(high[2], 0.99)
    near(mean(high), 0.95)
  })
})

describe('depth', () => {
  const sized = (sizes: number[]) => sizes.map((size) => ({ size, value: 0 }))
  const sizes = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 2, maxLength: 60 })
  const share = fc.double({ min: 0.01, max: 0.99, noNaN: true })

  it('is linear from s − d to s + d for blocks of one size', () => {
    const found = depthSparsities(sized([7, 7, 7, 7, 7]), 0.7, 0.15)
    found.forEach((one, l) => near(one, 0.55 + (0.3 * l) / 4))
    near(mean(found), 0.7)
  })

  it('keeps the mean over the weights, rises by equal steps and stays in [0, 1), whatever the sizes', () =>
    fc.assert(
      fc.property(sizes, share, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (of, sparsity, part) => {
        const spread = part * mostSpread(sized(of), sparsity)
        const found = depthSparsities(sized(of), sparsity, spread)
        assert.ok(Math.abs(mean(found, of) - sparsity) < 1e-9)
        const step = (2 * spread) / (of.length - 1)
        for (let l = 1; l < of.length; l++) assert.ok(Math.abs(found[l] - found[l - 1] - step) < 1e-9)
        assert.ok(found[0] >= 0 && found[of.length - 1] < 1)
      }),
    ))

  it('allows at most min(s, 1 − s) for blocks of one size: 2 · min(s, 1 − s) / (L − 1) a block (ATP)', () =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), share, (count, sparsity) =>
        near(mostSpread(sized(Array<number>(count).fill(3)), sparsity), Math.min(sparsity, 1 - sparsity)),
      ),
    ))

  it('tries three spreads that every block has room for', () =>
    fc.assert(
      fc.property(sizes, share, (of, sparsity) => {
        const found = depth.tries.spread?.(sized(of), sparsity) ?? []
        assert.equal(new Set(found).size, 3)
        for (const spread of found) assert.ok(spread > 0 && spread < mostSpread(sized(of), sparsity) && spread <= 0.15)
      }),
    ))

  it('gives one block the mean', () => assert.deepEqual(depthSparsities(sized([5]), 0.6, 0.2), [0.6]))
})

describe('the best of what was tried', () => {
  it('has the lowest loss, the first of equal ones, and NaN only where all are NaN', () => {
    assert.equal(bestTrial([3, 1, 2]), 1)
    assert.equal(bestTrial([2, 1, 1]), 1)
    assert.equal(bestTrial([NaN, 4, NaN]), 1)
    assert.equal(bestTrial([NaN, NaN]), 0)
  })
})

describe('a planned allocation', () => {
  const planned = (step: PruneStep) => {
    const { prune } = resolvedRecipe({ prune: [step] })
    const linears = [{ name: 'l', className: 'Linear', block: 0, parameters: 1 }]
    return pruneEntries(prune, linears, 1).map(({ measure }) => measure)
  }

  it('has its settings, with the defaults of its row', () => {
    assert.deepEqual(planned({ sparsity: 0.6, allocation: 'owl', owl: { threshold: 3 } }), [
      { name: 'owl', settings: { threshold: 3, spread: 0.08 }, sparsity: 0.6 },
    ])
  })

  const linears = [0, 1, 2].flatMap((block) =>
    ['q', 'up'].map((part) => ({ name: `${block}.${part}`, className: 'Linear', block, parameters: 10 })),
  )
  const resolved = (step: PruneStep) => resolvedRecipe({ prune: [step] }).prune
  const entryOf = (step: PruneStep) => pruneEntries(resolved(step), linears, 3)[0]

  it('by depth is known before the run, over the matched blocks', () => {
    const by = { sparsity: 0.6, allocation: 'depth', depth: { spread: 0.2 } } as const
    assert.deepEqual([...entryOf(by).sparsities], [...entryOf({ sparsity: [0.4, 0.8] }).sparsities])
    const [first, last] = [...entryOf({ ...by, targets: ['1.q', '2.q'] }).sparsities.values()]
    near(first, 0.4)
    near(last, 0.8)
    assert.ok(
      !entryOf({ sparsity: 0.2, allocation: 'depth', depth: { spread: 0.2 } }).sparsities.has('0.q'),
      'nothing goes of the first',
    )
  })

  it('that is tried has its choices, and the mean until one is chosen', () => {
    const steps = resolved({ sparsity: 0.6, allocation: 'depth', depth: { spread: 'auto' } })
    const [{ sparsities, measure, trial }] = pruneEntries(steps, linears, 3)
    assert.deepEqual(new Set(sparsities.values()), new Set([0.6]))
    assert.ok(trial)
    const { key, choices } = trial
    assert.deepEqual([key, choices.map(({ value }) => value)], ['spread', [0.05, 0.1, 0.15]])
    near(choices[2].sparsities.get('0.q') ?? 0, 0.45)
    assert.equal(measure, null)
  })

  it('is empty for uniform, and for a group over the whole model', () => {
    assert.deepEqual(planned({ sparsity: 0.5 }), [null])
    assert.deepEqual(planned({ sparsity: 0.5, scope: 'global', allocation: 'owl' }), [null])
  })
})
