import assert from 'node:assert/strict'
import { resolvePruneStep } from '../../../src/shared/recipe/resolve.ts'
import { PlanError } from '../../../src/shared/plan/planError.ts'
import {
  checkEntries,
  entryIndex,
  lookAtData,
  pruneEntries,
  type PruneEntry,
} from '../../../src/shared/plan/pruneEntries.ts'

const shapes = new Map<string, readonly [number, number]>([
  ['a', [8, 12]],
  ['b', [8, 10]],
])
const entry = (change: Partial<PruneEntry> = {}): PruneEntry => ({
  method: 'magnitude',
  sparsities: new Map([['a', 0.5]]),
  pattern: null,
  scope: 'tensor',
  selection: 'exact',
  settings: {},
  ...change,
})
const refuses = (change: Partial<PruneEntry>, message: RegExp) =>
  assert.throws(
    () => checkEntries([entry(change)], shapes),
    (error) => error instanceof PlanError && message.test(error.message),
  )

describe('a pruning plan', () => {
  it('accepts any N:M that divides the inputs', () => {
    for (const pattern of [
      { n: 1, m: 2 },
      { n: 2, m: 3 },
      { n: 11, m: 12 },
    ])
      checkEntries([entry({ pattern })], shapes)
  })

  it('refuses N:M where the inputs are not divisible, and names the tensors', () =>
    refuses(
      {
        pattern: { n: 2, m: 4 },
        sparsities: new Map([
          ['a', 0],
          ['b', 0],
        ]),
      },
      /2:4 .* divisible by 4.*: b \(10 inputs\)$/,
    ))

  it('refuses a pattern that prunes nothing or everything', () => {
    refuses({ pattern: { n: 0, m: 4 } }, /0 < N < M/)
    refuses({ pattern: { n: 4, m: 4 } }, /0 < N < M/)
    refuses({ pattern: { n: 1.5, m: 4 } }, /0 < N < M/)
  })

  it('refuses column blocks of SparseGPT that split a group', () => {
    refuses(
      { method: 'sparsegpt', pattern: { n: 2, m: 4 }, settings: { block_size: 6 } },
      /block_size 6 .* multiple of the 4/,
    )
    refuses({ method: 'sparsegpt', settings: { block_size: 0 } }, /block_size 0/)
    checkEntries([entry({ method: 'sparsegpt', pattern: { n: 2, m: 4 }, settings: { block_size: 8 } })], shapes)
  })

  it('refuses sparsities outside (0, 1) and linears that are not there', () => {
    for (const sparsity of [0, 1, -0.1, NaN]) refuses({ sparsities: new Map([['a', sparsity]]) }, /a: sparsity/)
    refuses({ sparsities: new Map([['c', 0.5]]) }, /not linears .*: c$/)
  })

  it('refuses a scope that the method does not know; N:M and methods with a group of their own have no use for it', () => {
    for (const method of ['alps', 'admm'] as const)
      refuses({ method, scope: 'global' }, /knows no scope global: use tensor or row$/)
    checkEntries([entry({ method: 'alps', scope: 'global', pattern: { n: 2, m: 4 } })], shapes)
    checkEntries([entry({ method: 'sparsegpt', scope: 'global' })], shapes)
  })

  it('refuses a linear in two entries', () => {
    assert.throws(() => entryIndex([entry(), entry({ method: 'wanda' })]), /a is matched by two entries/)
    assert.equal(entryIndex([entry()]).size, 1)
  })

  it('has a linear once that two steps prune in the same way', () => {
    const linears = ['a', 'b'].map((name, block) => ({ name, block, className: 'Linear' }))
    const steps = [{ sparsity: 0.3 }, { sparsity: 0.3, targets: ['b'] }].map((step) => resolvePruneStep(step))
    assert.deepEqual(
      pruneEntries(steps, linears, 2).map(({ sparsities }) => [...sparsities.keys()]),
      [['a', 'b'], []],
    )
    const others = pruneEntries([steps[0], resolvePruneStep({ sparsity: 0.4, targets: ['b'] })], linears, 2)
    assert.throws(() => entryIndex(others), PlanError)
  })

  it('needs data for Wanda and SparseGPT only', () => {
    assert.ok(!lookAtData([entry(), entry({ method: 'random' })]))
    assert.ok(lookAtData([entry(), entry({ method: 'wanda' })]))
    assert.ok(lookAtData([entry({ method: 'sparsegpt' })]))
  })
})
