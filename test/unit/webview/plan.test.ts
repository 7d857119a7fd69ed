import assert from 'node:assert/strict'
import type { PlannedMap, PlannedModule } from '../../../src/shared/analysis/plannedMap.ts'
import {
  changeTo,
  differenceMeasure,
  groupOf,
  plannedMeasure,
  uniformOf,
  withDraft,
} from '../../../webview-ui/inspector/plan.ts'
import { recordedMap } from '../../webview/harness/recordedMap.ts'
import { recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

const module = (name: string, sparsity: number | null, more: Partial<PlannedModule> = {}): PlannedModule => {
  return { name, block: 0, module: name, parameters: 100, sparsity, fixed: null, ...more }
}
const none = new Set<string>()
const facts = { locked: none, measured: new Map() }

describe('a plan on the map', () => {
  it('a bar stands at the mean over the weights of what is pruned', () => {
    const group = groupOf([module('a', 0.2), module('b', 0.6, { parameters: 300 }), module('c', null)], none)
    assert.deepEqual([group.mean, group.least, group.most], [0.5, 0.2, 0.6])
    assert.equal(groupOf([module('c', null)], none).mean, null)
  })

  it('a bar moves what is pruned, free and not locked; where nothing is pruned, all that is free', () => {
    const modules = [module('a', 0.2), module('b', 0.2, { fixed: '2:4' }), module('c', null), module('d', 0.3)]
    assert.deepEqual(groupOf(modules, new Set(['d'])).names, ['a'])
    assert.deepEqual(groupOf([modules[2], module('e', null)], none).names, ['c', 'e'])
    assert.equal(groupOf([modules[1]], none).fixed, '2:4')
    assert.equal(groupOf(modules, none).fixed, null)
  })

  it('is locked when all that could move are', () => {
    const modules = [module('a', 0.2), module('b', 0.2, { fixed: '2:4' }), module('c', null)]
    assert.equal(groupOf(modules, new Set(['a'])).isLocked, false)
    assert.equal(groupOf(modules, new Set(['a', 'c'])).isLocked, true)
    assert.equal(groupOf([modules[1]], none).isLocked, false)
  })

  it('a draft changes the named ones and the mean, in which what is left alone counts as 0', () => {
    const plan = { modules: [module('a', 0.2), module('b', 0.6)], mean: 0.4 } as unknown as PlannedMap
    const drawn = withDraft(plan, { kind: 'set', names: ['b'], sparsity: null }, facts)
    assert.deepEqual([drawn.mean, drawn.modules[0].sparsity, drawn.modules[1].sparsity], [0.1, 0.2, null])
  })

  it('a group whose modules differ is moved, so that differences stay; one whose modules are alike is set', () => {
    const uneven = groupOf([module('a', 0.2), module('b', 0.9)], none)
    assert.deepEqual(changeTo(uneven, 0.55, 0.65), { kind: 'shift', names: ['a', 'b'], by: 0.65 - 0.55 })
    assert.deepEqual(changeTo(uneven, 0.55, null), { kind: 'set', names: ['a', 'b'], sparsity: null })
    const even = groupOf([module('a', 0.2), module('b', 0.2), module('c', null)], none)
    assert.deepEqual(changeTo(even, 0.2, 0.3), { kind: 'set', names: ['a', 'b'], sparsity: 0.3 })
    const plan = { modules: [module('a', 0.2), module('b', 0.9), module('c', null)], mean: 0 } as unknown as PlannedMap
    const drawn = withDraft(plan, { kind: 'shift', names: ['a', 'b', 'c'], by: 0.1 }, facts)
    assert.deepEqual(
      drawn.modules.map(({ sparsity }) => sparsity).map((s) => s && Math.round(100 * s)),
      [30, 95, null],
    )
  })

  it('a mean is previewed as the host will spread it: locked and fixed ones stay; a rule that needs more draws nothing', () => {
    const plan = recordedMap(recordedModel(3))
    const [first, second] = plan.modules
    const fixed = { ...plan, modules: [{ ...first, fixed: '2:4' }, ...plan.modules.slice(1)] }
    const drawn = withDraft(
      fixed,
      { kind: 'spread', mean: 0.6, rule: 'uniform' },
      { ...facts, locked: new Set([second.name]) },
    )
    assert.ok(Math.abs(drawn.mean - 0.6) < 1e-3)
    assert.deepEqual(
      drawn.modules.slice(0, 2).map(({ sparsity }) => sparsity),
      [first.sparsity, second.sparsity],
    )
    const rest = drawn.modules.slice(2).flatMap(({ sparsity }) => (sparsity === null ? [] : [sparsity]))
    assert.ok(rest.every((sparsity) => Math.abs(sparsity - rest[0]) < 1e-6))
    assert.deepEqual(withDraft(plan, { kind: 'spread', mean: 0.6, rule: 'owl' }, facts).modules, plan.modules)
  })

  it('planned and its difference are of the same matrices; what is left alone has neither', () => {
    const model = recordedModel(3)
    const plan = recordedMap(model)
    const known = {
      stats: new Map(recordedStats(model).map((one) => [one.name, one])),
      analysis: new Map(),
      denseLoss: null,
    }
    const linears = model.tensors.filter(({ role }) => role === 'linear')
    const [first] = linears
    const alone = linears.find(({ block, module }) => block === 0 && module === 'fc1')
    assert.ok(alone)
    const planned = plannedMeasure(plan)
    assert.equal(planned.of(first, known), 0.35)
    const [now, uniform] = (['now', 'uniform'] as const).map((against) => differenceMeasure(plan, against))
    assert.equal(now.of(first, known), 0.35 - (known.stats.get(first.name)?.sparsity ?? NaN))
    assert.equal(uniform.of(first, known), 0.35 - uniformOf(plan))
    for (const measure of [planned, now, uniform]) assert.equal(measure.of(alone, known), null)
    // The mean of all differences from uniform is 0 over the weights that are pruned.
    const rest = linears.filter((tensor) => tensor !== alone)
    const sum = rest.reduce((total, tensor) => total + tensor.parameters * (uniform.of(tensor, known) ?? NaN), 0)
    assert.ok(Math.abs(sum) < 1e-6)
  })
})
