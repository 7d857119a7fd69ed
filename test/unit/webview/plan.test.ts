import assert from 'node:assert/strict'
import type { PlannedMap, PlannedModule } from '../../../src/shared/analysis/plannedMap.ts'
import { differenceMeasure, groupOf, plannedMeasure, uniformOf, withDraft } from '../../../webview-ui/inspector/plan.ts'
import { recordedMap } from '../../webview/harness/recordedMap.ts'
import { recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

const module = (name: string, sparsity: number | null, more: Partial<PlannedModule> = {}): PlannedModule => {
  return { name, block: 0, module: name, parameters: 100, sparsity, fixed: null, ...more }
}
const none = new Set<string>()

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
    const drawn = withDraft(plan, { names: ['b'], sparsity: null })
    assert.deepEqual([drawn.mean, drawn.modules[0].sparsity, drawn.modules[1].sparsity], [0.1, 0.2, null])
  })

  it('planned and its difference are of the same matrices; what is left alone has neither', () => {
    const model = recordedModel(3)
    const plan = recordedMap(model)
    const known = { stats: new Map(recordedStats(model).map((one) => [one.name, one])), analysis: new Map(), denseLoss: null } // prettier-ignore
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
