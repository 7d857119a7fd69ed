import assert from 'node:assert/strict'
import { owlSparsities } from '../../../src/shared/allocations/owl.ts'
import { pruneEntries, plannedAllocations } from '../../../src/shared/plan/pruneEntries.ts'
import { resolveRecipe } from '../../../src/shared/recipe/resolve.ts'
import type { PruneStep } from '../../../src/shared/recipe/schema.ts'

const blocks = (values: number[], sizes = values.map(() => 1)) => values.map((value, i) => ({ value, size: sizes[i] }))
const mean = (sparsities: number[], sizes = sparsities.map(() => 1)) =>
  sparsities.reduce((sum, s, i) => sum + s * sizes[i], 0) / sizes.reduce((a, b) => a + b, 0)
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`)

describe('OWL', () => {
  it('prunes blocks with more outliers less; 2λ between the extremes, the mean as asked', () => {
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

  it('stays in bounds; what one block cannot take, the others do', () => {
    const low = owlSparsities(blocks([9, 0, 0]), 0.05, 0.2)
    near(low[0], 0)
    near(mean(low), 0.05)
    const high = owlSparsities(blocks([9, 9, 0]), 0.95, 0.08)
    near(high[2], 0.99)
    near(mean(high), 0.95)
  })
})

describe('a planned allocation', () => {
  const planned = (step: PruneStep) => {
    const { prune } = resolveRecipe({ version: 1, model: 'm', prune: [step] })
    return plannedAllocations(prune, pruneEntries(prune, [{ name: 'l', className: 'Linear', block: 0 }], 1))
  }

  it('has its settings, with the defaults of its row', () => {
    const [{ name, settings, sparsity }] = planned({ sparsity: 0.6, allocation: 'owl', owl: { threshold: 3 } })
    assert.deepEqual(
      { name, settings, sparsity },
      { name: 'owl', settings: { threshold: 3, spread: 0.08 }, sparsity: 0.6 },
    )
  })

  it('is none for uniform, and for a group over the whole model', () => {
    assert.deepEqual(planned({ sparsity: 0.5 }), [])
    assert.deepEqual(planned({ sparsity: 0.5, scope: 'global', allocation: 'owl' }), [])
  })
})
