// A recipe with a sweep as its runs, and every way in which it may be none.
import assert from 'node:assert/strict'
import { lint } from '../../../src/lint/lint.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { expandSweep } from '../../../src/recipe/sweep/expandSweep.ts'
import { countRuns } from '../../../src/recipe/sweepSchema.ts'

const base: Recipe = {
  version: 1,
  model: 'm',
  prune: [{ method: 'magnitude', sparsity: 0.5 }],
  save: { to: '../out/' },
}
const swept = (sweep: unknown, more: Partial<Recipe> = {}) =>
  expandSweep({ ...base, ...more, sweep: sweep as Recipe['sweep'] })
const problemsOf = (sweep: unknown, more?: Partial<Recipe>) => swept(sweep, more).problems

describe('the runs of a sweep', () => {
  it('are the product of the lists, the last path fastest, named by their settings', () => {
    const { runs, problems } = swept({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      runs.map(({ index, name }) => [index, name]),
      [
        [0, 'prune.0.sparsity=0.4,seed=0'],
        [1, 'prune.0.sparsity=0.4,seed=1'],
        [2, 'prune.0.sparsity=0.6,seed=0'],
        [3, 'prune.0.sparsity=0.6,seed=1'],
      ],
    )
    assert.deepEqual(runs[3].settings, { 'prune.0.sparsity': 0.6, seed: 1 })
    const { sweep, seed, prune, save } = runs[3].recipe
    assert.deepEqual(
      { sweep, seed, prune, save },
      {
        sweep: undefined,
        seed: 1,
        prune: [{ method: 'magnitude', sparsity: 0.6 }],
        save: { to: '../out-prune.0.sparsity=0.6,seed=1' },
      },
    )
  })

  it('are the cases with their own names', () => {
    const { runs } = swept({
      cases: [
        { name: 'dense ends', set: { 'prune.0.sparsity': [0.2, 0.5, 0.2] } },
        { name: 'b', set: { 'save.to': 'elsewhere', seed: 3 } },
      ],
    })
    assert.deepEqual(
      runs.map(({ name, recipe }) => [name, recipe.save?.to]),
      [
        ['dense ends', '../out-dense_ends'],
        ['b', 'elsewhere'],
      ],
    )
  })

  it('save the model before recovery each in a place of its own, too', () => {
    const save = { to: '../out', pruned: '../pruned' }
    const { runs, problems } = swept({ seed: [1, 2] }, { save })
    assert.deepEqual(
      runs.map(({ recipe }) => [recipe.save?.to, recipe.save?.pruned]),
      [1, 2].map((seed) => [`../out-seed=${seed}`, `../pruned-seed=${seed}`]),
    )
    assert.deepEqual(problems, [])
    const shared = swept({ seed: [1, 2], 'save.pruned': ['../pruned'] }, { save })
    assert.match(shared.problems[0].message, /would both save to \.\.\/pruned:/)
  })

  it('may have settings that build on earlier ones', () => {
    const { runs, problems } = swept({ recover: [[{ mode: 'refit' }, { steps: 5 }]], 'recover.1.steps': [6, 7] })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      runs.map(({ recipe }) => (recipe.recover as { steps?: number }[])[1].steps),
      [6, 7],
    )
  })

  it('end in their number where the name is too long for a folder', () => {
    const targets = [0, 1].map((n) => Array.from({ length: 20 }, (_, i) => `model.decoder.layers.${n}.fc${i}`))
    const { runs } = swept({ 'prune.0.targets': targets })
    for (const { recipe, index } of runs) {
      const name = (recipe.save?.to ?? '').split('/').at(-1) ?? ''
      assert.ok(name.length < 140 && name.endsWith(`-${index}`), name)
      assert.doesNotMatch(name, /[:*?"<>|]/)
    }
  })

  it('write the files of an evaluation each in a place of its own, unless the run names one', () => {
    const evaluate: Recipe['evaluate'] = [{ data: 'a.txt' }, { task: 'piqa', data: 'p.jsonl', out: 'answers/' }]
    const outs = (sweep: object) =>
      swept(sweep, { evaluate }).runs.map(({ recipe }) => recipe.evaluate?.map(({ out }) => out))
    assert.deepEqual(outs({ seed: [1, 2] }), [
      [undefined, 'answers-seed=1'],
      [undefined, 'answers-seed=2'],
    ])
    assert.deepEqual(outs({ 'evaluate.1.out': ['mine'] }), [[undefined, 'mine']])
  })

  it('save nothing where the recipe saves nothing', () => {
    assert.equal(swept({ seed: [0, 1] }, { save: undefined }).runs[0].recipe.save, undefined)
  })
})

describe('a sweep that is wrong', () => {
  const place = ([problem]: ReturnType<typeof problemsOf>) => ('key' in problem.at ? problem.at.key : problem.at)

  it('is found at a path that does not exist, with the nearest name', () => {
    const problems = problemsOf({ 'prune.0.sparsty': [0.4, 0.5] })
    assert.equal(problems.length, 1)
    assert.deepEqual(place(problems), ['sweep', 'prune.0.sparsty'])
    assert.match(problems[0].message, /did you mean "prune\.0\.sparsity"/)
    assert.equal(problems[0].meant, 'prune.0.sparsity')
    assert.equal(problemsOf({ case: [1] })[0].meant, 'cases')
  })

  it('is found at a value of the wrong type', () => {
    const problems = problemsOf({ 'prune.0.sparsity': [0.4, 'half', 30] })
    assert.deepEqual(
      problems.map(({ at }) => at),
      [
        ['sweep', 'prune.0.sparsity', 1],
        ['sweep', 'prune.0.sparsity', 2],
      ],
    )
    assert.match(problems[0].message, /^half is not valid for prune\.0\.sparsity\.$/)
  })

  it('is found at an item that the recipe does not have', () => {
    assert.match(
      problemsOf({ 'prune.1.sparsity': [0.4] })[0].message,
      /no place prune\.1\.sparsity; lists count from 0/,
    )
  })

  it('is found at a setting of a case', () => {
    const problems = problemsOf({
      cases: [
        { name: 'a', set: {} },
        { name: 'b', set: { 'prune.0.methd': 'wanda' } },
      ],
    })
    assert.deepEqual(place(problems), ['sweep', 'cases', 1, 'set', 'prune.0.methd'])
  })

  it('is no mistake of settings that are valid only together', () => {
    const calibration = { data: 'a.jsonl', samples: 1 }
    const set = { 'calibration.data': ['a.jsonl', 'b.jsonl'], 'calibration.samples': 2 }
    const reversed = Object.fromEntries(Object.entries(set).reverse())
    const cases = [set, reversed].map((one, i) => ({ name: String(i), set: one }))
    assert.deepEqual(problemsOf({ cases }, { calibration }), [])
    const [problem] = problemsOf({ 'calibration.data': [set['calibration.data']] }, { calibration })
    assert.match(
      problem.message,
      /not valid for calibration\.data: calibration\.samples: expected at least one for each/,
    )
  })

  it('has its runs counted, not made, where they are too many', () => {
    const many = Array.from({ length: 1e5 }, (_, i) => i)
    const sweep = { seed: many, 'prune.0.sparsity': many }
    assert.equal(countRuns(sweep), 1e10)
    assert.match(problemsOf(sweep)[0].message, /10,000,000,000 runs, more than the limit of 1,000/)
  })

  it('has cases beside lists, no setting, or a sweep in a sweep', () => {
    assert.match(problemsOf({ seed: [1], cases: [{ name: 'a', set: {} }] })[0].message, /not both/)
    assert.match(problemsOf({})[0].message, /varies nothing/)
    assert.match(problemsOf({ 'sweep.seed': [[1]] })[0].message, /no setting sweep\.seed/)
  })

  it('has two runs of one name or with one place to save', () => {
    assert.match(problemsOf({ seed: [1, 1] })[0].message, /called seed=1/)
    assert.match(problemsOf({ 'save.to': ['a', './x/../a/'] })[0].message, /would both save to/)
  })

  it('keeps places apart where a file system might not, and the letters of every script', () => {
    const names = ['a b', 'a?b', 'Wanda', 'wanda', 'α', 'β', 'ж'.repeat(200)]
    const evaluate: Recipe['evaluate'] = [{ task: 'piqa', data: 'p.jsonl', at: ['pruned'], out: 'eval' }]
    const { runs, problems } = swept({ cases: names.map((name) => ({ name, set: {} })) }, { evaluate })
    assert.deepEqual(problems, [])
    const suffixes = runs.map(({ recipe }) => recipe.save?.to.replace('../out-', ''))
    assert.deepEqual(suffixes, ['a_b', 'a_b-1', 'Wanda', 'wanda-3', 'α', 'β', `${'ж'.repeat(60)}-6`])
    assert.deepEqual(
      runs.map(({ recipe }) => recipe.evaluate?.[0].out),
      suffixes.map((suffix) => `eval-${suffix}`),
    )
  })
})

describe('lint of a sweep', () => {
  const rulesOf = (sweep: string, severity = 'error') =>
    lint(`version: 1\nmodel: m\nprune: [{sparsity: 0.3}]\nseed: 0\nsave: {to: out}\nsweep: ${sweep}\n`)
      .findings.filter((f) => f.severity === severity)
      .map(({ rule, message }) => `${rule} ${message}`)

  it('says that a combination would be refused, though each value is valid', () => {
    const [found] = rulesOf('{prune.0.pattern: ["unstructured", "2:4"], prune.0.allocation: [uniform, owl]}')
    assert.match(found, /^S13 The run prune\.0\.pattern=/)
  })

  it('names the run and what is wrong with it, once', () => {
    const found = rulesOf('{prune.0.method: [magnitude, wanda], seed: [0, 1]}')
    assert.equal(found.length, 1)
    assert.match(found[0], /^S13 The run prune\.0\.method=wanda,seed=0 would be refused: .*calibration/)
  })

  it('is silent where all is well, and does not say twice what is wrong without the sweep', () => {
    assert.deepEqual(rulesOf('{prune.0.sparsity: [0.2, 0.3]}'), [])
    const { findings } = lint(
      'version: 1\nmodel: m\nprune: [{method: wanda, sparsity: 0.3}]\nsave: {to: o}\nsweep: {seed: [1, 2]}\n',
    )
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule),
      ['M1'],
    )
  })
})
