import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { MeasuredModule } from '../../../../src/shared/analysis/analysis.ts'
import { changePlan } from '../../../../src/shared/analysis/changePlan.ts'
import type { PlanChange, PlanRule } from '../../../../src/shared/analysis/plannedMap.ts'
import { plannedView, planRules } from '../../../../src/shared/analysis/plannedView.ts'
import { writePlanned } from '../../../../src/shared/analysis/writePlanned.ts'
import { parseRecipe } from '../../../../src/shared/lint/parse.ts'
import { planModel } from '../../../support/planModel.ts'

const model = planModel(['attn.q', 'mlp.up'], 4)
const names = model.modules.map(({ name }) => name)
/** Later blocks lose more and have more outliers; each error grows tenfold from 50 to 70 %. */
const measured = new Map(
  model.modules.map(({ name, block }): [string, MeasuredModule] => {
    const errors = ['wanda', 'alps'].flatMap((method, i) =>
      [0.5, 0.7].map((sparsity) => ({
        method,
        sparsity,
        pattern: 'unstructured',
        error: (0.01 * 1.5 ** block * 10 ** ((sparsity - 0.5) / 0.2)) / (1 + i),
      })),
    )
    const activation = { norm: 1, outliers: 1 + block, effective_rank: 4 }
    return [name, { name, block, activation, sensitivity: null, errors }]
  }),
)

const recipe = `version: 1
model: ./m
prune:
  - method: wanda # cheap
    sparsity: 0.5
calibration: { data: a.txt, samples: 8, seq_len: 64 } # few
`
const around = { model, measured, locked: new Set<string>() }
const view = (text: string, of = measured) => plannedView('r.sparsescope.yaml', text, model, of)
const sparsitiesOf = (text: string) => new Map(view(text).modules.map(({ name, sparsity }) => [name, sparsity]))

function changed(text: string, change: PlanChange, locked: readonly string[] = []): string {
  const result = changePlan(text, change, { ...around, locked: new Set(locked) })
  assert.equal(result.problem, undefined)
  const next = result.problem === undefined ? result.text : ''
  assert.deepEqual(
    parseRecipe(next).findings.filter(({ severity }) => severity === 'error'),
    [],
    next,
  )
  return next
}

describe('changing the plan of a recipe', () => {
  it('any mean by any rule: the mean is met where it can be, locked ones stay, none leaves 0.01 to 0.95', () => {
    const drawings = fc.array(fc.option(fc.integer({ min: 100, max: 9500 })), {
      minLength: names.length,
      maxLength: names.length,
    })
    fc.assert(
      fc.property(
        drawings,
        fc.subarray(names),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(...planRules),
        (shares, locked, mean, rule) => {
          const drawn = writePlanned(
            recipe,
            model,
            new Map(shares.flatMap((share, i) => (share === null ? [] : [[names[i], share / 1e4]]))),
          )
          const text = drawn.problem === undefined ? drawn.text : recipe
          const before = sparsitiesOf(text)
          const result = changePlan(text, { kind: 'spread', mean, rule }, { ...around, locked: new Set(locked) })
          if (locked.length === names.length) return assert.match(String(result.problem), /locked/)
          assert.equal(result.problem, undefined)
          const next = view(result.problem === undefined ? result.text : '')
          const total = next.modules.reduce((sum, { parameters }) => sum + parameters, 0)
          const extreme = (share: number) =>
            next.modules.reduce(
              (sum, { name, parameters }) =>
                sum + parameters * (locked.includes(name) ? (before.get(name) ?? 0) : share),
              0,
            ) / total
          const reached = Math.min(extreme(0.95), Math.max(extreme(0.01), mean))
          assert.ok(Math.abs(next.mean - reached) < 2e-3, `${rule} ${mean}: ${next.mean} for ${reached}`)
          for (const { name, sparsity } of next.modules) {
            if (locked.includes(name)) assert.ok(Math.abs((sparsity ?? 0) - (before.get(name) ?? 0)) < 1e-3)
            // The run's own OWL goes from 0 to 0.99.
            else if (rule !== 'owl' || locked.length > 0)
              assert.ok((sparsity ?? 0) >= 0.0099 && (sparsity ?? 1) <= 0.9501)
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('what a rule has written is known by that rule again', () => {
    for (const rule of planRules.filter((one) => one !== 'hand')) {
      const next = view(changed(recipe, { kind: 'spread', mean: 0.6, rule }))
      assert.equal(next.rule, rule)
      assert.ok(Math.abs(next.mean - 0.6) < 1e-3)
    }
    const { expectedError, uniformError } = view(changed(recipe, { kind: 'spread', mean: 0.6, rule: 'depth' }))
    assert.ok(expectedError !== null && uniformError !== null && expectedError !== uniformError)
    assert.equal(view(changed(recipe, { kind: 'set', names: [names[0]], sparsity: 0.3 })).rule, 'hand')
  })

  it('by hand keeps the proportions, and uniform takes them away', () => {
    const drawn = changed(recipe, { kind: 'set', names: [names[0]], sparsity: 0.25 })
    const { mean } = view(drawn)
    const half = sparsitiesOf(changed(drawn, { kind: 'spread', mean: mean / 2, rule: 'hand' }))
    assert.ok(Math.abs((half.get(names[0]) ?? 0) - 0.125) < 1e-3 && Math.abs((half.get(names[1]) ?? 0) - 0.25) < 1e-3)
    assert.equal(changed(drawn, { kind: 'spread', mean: 0.5, rule: 'uniform' }), recipe)
  })

  it('a shift moves each that is pruned by the same, keeps differences, and stops at 1 and 95 %', () => {
    const drawn = changed(changed(recipe, { kind: 'set', names: [names[0]], sparsity: 0.9 }), {
      kind: 'set',
      names: [names[2]],
      sparsity: null,
    })
    const up = sparsitiesOf(changed(drawn, { kind: 'shift', names: names.slice(0, 3), by: 0.1 }))
    assert.deepEqual(
      names.slice(0, 4).map((name) => up.get(name)),
      [0.95, 0.6, null, 0.5],
    )
    const down = sparsitiesOf(changed(drawn, { kind: 'shift', names, by: -0.6 }, [names[1]]))
    assert.deepEqual(
      names.slice(0, 4).map((name) => down.get(name)),
      [0.3, 0.5, null, 0.01],
    )
    const nothing = changePlan(drawn, { kind: 'shift', names: [names[2]], by: 0.1 }, around)
    assert.match(String(nothing.problem), /left alone/)
  })

  it('OWL is left to the run, keeps its settings, and is numbers where a matrix is locked', () => {
    const owl = recipe.replace('sparsity: 0.5', 'sparsity: 0.5\n    allocation: owl\n    owl: { spread: 0.1 }')
    const next = changed(owl, { kind: 'spread', mean: 0.6, rule: 'owl' })
    assert.deepEqual(parseRecipe(next).recipe?.prune, [
      { method: 'wanda', sparsity: 0.6, allocation: 'owl', owl: { spread: 0.1 } },
    ])
    const shown = view(owl).modules.map(({ sparsity }) => sparsity ?? 0)
    assert.ok(shown[0] > 0.59 && (shown.at(-1) ?? 1) < 0.41, 'the bars are those that the outliers let expect')
    const locked = changed(owl, { kind: 'spread', mean: 0.6, rule: 'owl' }, [names[0]])
    assert.ok(!locked.includes('owl'))
    assert.deepEqual(parseRecipe(changed(owl, { kind: 'spread', mean: 0.5, rule: 'uniform' })).recipe?.prune, [
      { method: 'wanda', sparsity: 0.5 },
    ])
  })

  it('by depth is a word in the recipe, needs no calibration, and is numbers where a matrix is locked', () => {
    const bare = recipe.replace(/calibration:[^]*$/, '').replace('wanda', 'magnitude')
    const text = changed(bare, { kind: 'spread', mean: 0.6, rule: 'depth' })
    assert.deepEqual(parseRecipe(text).recipe?.prune, [{ method: 'magnitude', sparsity: 0.6, allocation: 'depth' }])
    assert.equal(view(text).rule, 'depth')
    const shown = view(text).modules.map(({ sparsity }) => sparsity ?? 0)
    assert.ok(Math.abs(shown[0] - 0.5) < 1e-9 && Math.abs((shown.at(-1) ?? 0) - 0.7) < 1e-9)
    const wide = text.replace('allocation: depth', 'allocation: depth\n    depth: { spread: 0.15 }')
    assert.deepEqual(parseRecipe(changed(wide, { kind: 'spread', mean: 0.5, rule: 'depth' })).recipe?.prune, [
      { method: 'magnitude', sparsity: 0.5, allocation: 'depth', depth: { spread: 0.15 } },
    ])
    assert.ok(!changed(text, { kind: 'spread', mean: 0.6, rule: 'depth' }, [names[0]]).includes('allocation'))
    // A word that would leave the first block out of the plan is none.
    const little = view(changed(bare, { kind: 'spread', mean: 0.1, rule: 'depth' }))
    assert.ok(little.modules.every(({ sparsity }) => sparsity !== null && sparsity > 0))
  })

  it('a method takes its keys and leaves those of the one before', () => {
    const sparse = recipe.replace('wanda # cheap', 'sparsegpt # cheap\n    block_size: 64\n    dampening: 0.02')
    const text = changed(sparse, { kind: 'method', method: 'alps' })
    assert.deepEqual(parseRecipe(text).recipe?.prune, [{ method: 'alps', dampening: 0.02, sparsity: 0.5 }])
    assert.equal(view(text).method, 'alps')
    assert.equal(view(changed(text, { kind: 'method', method: 'ria' })).method, 'ria')
  })

  it('refusals say why: locked, fixed, not measured, without calibration', () => {
    const problem = (text: string, change: PlanChange, more: Partial<typeof around> = {}) =>
      String(changePlan(text, change, { ...around, ...more }).problem)
    const spread = (rule: PlanRule): PlanChange => ({ kind: 'spread', mean: 0.6, rule })
    const all: PlanChange = { kind: 'set', names, sparsity: 0.5 }
    assert.match(problem(recipe, all, { locked: new Set(names) }), /locked/)
    const nm = recipe.replace('sparsity: 0.5', 'pattern: "2:4"')
    assert.match(problem(nm, all), /2:4 fixes/)
    assert.match(problem(nm, spread('uniform')), /fixed/)
    assert.match(
      problem(recipe.replace(/calibration.*\n/, '').replace('wanda', 'magnitude'), spread('owl')),
      /calibration/,
    )
  })

  it('a matrix of a fixed pattern can be left alone', () => {
    const nm = recipe.replace('sparsity: 0.5', 'pattern: "2:4"')
    const next = view(changed(nm, { kind: 'set', names: [names[0]], sparsity: null }))
    assert.deepEqual(
      next.modules.map(({ sparsity }) => sparsity),
      [null, ...names.slice(1).map(() => 0.5)],
    )
    assert.equal(next.pattern, '2:4')
  })

  it('the view says what it cannot show, and shows nothing of a recipe that cannot be read', () => {
    const swept = `${recipe}sweep: { prune.0.sparsity: [0.5, 0.6] }\n`
    assert.match(view(swept).said.join(), /sweep sets prune\.0\.sparsity/)
    assert.match(
      view(recipe.replace('sparsity: 0.5', 'scope: global').replace('wanda', 'magnitude')).said.join(),
      /whole model compete/,
    )
    assert.match(view('nonsense: [').problem ?? '', /cannot be read/)
    assert.equal(view(recipe, new Map()).expectedError, null)
  })
})
