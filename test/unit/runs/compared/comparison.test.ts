// Runs side by side: seeds folded, what differs between recipes, the Pareto front, the table.
import assert from 'node:assert/strict'
import { defaultLook, scatterChart } from '../../../../src/charts/scatterChart.ts'
import { type ComparedRun, unknownFacts, varyingSettings } from '../../../../src/runs/compared/comparedRun.ts'
import { comparisonTable, comparisonTitle } from '../../../../src/runs/compared/comparisonTable.ts'
import { foldSeeds } from '../../../../src/runs/compared/foldSeeds.ts'
import { spreadOf } from '../../../../src/runs/series/smooth.ts'
import { fromSent, toSent } from '../../../../src/runs/compared/sweepTable.ts'
import { measureNamed, paretoFront } from '../../../../src/runs/compared/measures.ts'

interface Given {
  settings: Record<string, unknown>
  recovered?: number | null
  sparsity?: number | null
  state?: ComparedRun['state']
  name?: string
  /** Requested sparsity. */
  requested?: number | null
}

const labelOf = (settings: object) =>
  Object.entries(settings)
    .map(([k, v]) => `${k} ${String(v)}`)
    .join(' · ')

function compared({
  settings,
  recovered = null,
  sparsity = null,
  state = 'done',
  name,
  requested = null,
}: Given): ComparedRun {
  const none = { dense: null, pruned: null, recovered: null }
  const results = { perplexity: { ...none, recovered }, accuracy: none, sparsity }
  return {
    name:
      name ??
      Object.entries(settings)
        .map(([k, v]) => `${k}=${String(v)}`)
        .join(','),
    ...{
      label: labelOf(settings),
      facts: { ...unknownFacts, sparsity: requested, seed: typeof settings.seed === 'number' ? settings.seed : null },
    },
    settings,
    state,
    results: {
      ...results,
      second_text: { text: null, perplexity: none },
      won_back: { text: null, share: null },
      trainable: null,
      seconds: null,
      peak_memory_mb: null,
    },
    trainablePercent: null,
  }
}

describe('runs that differ only by their seed', () => {
  const runs = [
    compared({ settings: { s: 0.5, seed: 0 }, recovered: 30 }),
    compared({ settings: { s: 0.6, seed: 0 }, recovered: 50 }),
    compared({ settings: { s: 0.5, seed: 1 }, recovered: 20 }),
    compared({ settings: { s: 0.5, seed: 2 }, recovered: 21 }),
    compared({ settings: { s: 0.5, seed: 3 }, recovered: 999, state: 'running' }),
  ]

  it('are one row: median and range of those that are done', () => {
    const [first, second] = foldSeeds(runs)
    assert.deepEqual(first.settings, { s: 0.5 })
    assert.deepEqual(first.members, [0, 2, 3, 4])
    assert.deepEqual(first.results.perplexity.recovered, { median: 21, low: 20, high: 30, count: 3 })
    assert.deepEqual(second.results.perplexity.recovered, { median: 50, low: 50, high: 50, count: 1 })
    assert.equal(first.results.sparsity, null)
  })

  it('are separate rows where their seeds are unknown, as of runs without a report', () => {
    const unknown = [compared({ settings: {}, recovered: 400 }), compared({ settings: {}, recovered: 40 }), runs[0]]
    assert.deepEqual(
      foldSeeds(unknown).map(({ members }) => members),
      [[0], [1], [2]],
    )
  })

  it('the median of an even number is between the two in the middle; missing measurements do not count', () => {
    assert.deepEqual(spreadOf([4, null, 1, 2, 10]), { median: 3, low: 1, high: 10, count: 4 })
    assert.equal(spreadOf([null]), null)
  })

  it('in the table: median and range, how many are done, no column that is empty', () => {
    const table = comparisonTable(foldSeeds(runs))
    assert.deepEqual(table.heads, ['run', 'state', 'perplexity, recovered'])
    assert.deepEqual(table.rows, [
      ['s 0.5', '3 of 4 done', '21.00 (20.00–30.00)'],
      ['s 0.6', 'done', '50.00'],
    ])
  })

  it('in the table: ∞ where perplexity overflows, a dash where it was not measured', () => {
    const some = [{ a: 1 }, { a: 2 }].map((settings, i) => compared({ settings, recovered: [Infinity, null][i] }))
    assert.deepEqual(comparisonTable(foldSeeds(some)).rows, [
      ['a 1', 'done', '∞'],
      ['a 2', 'done', '–'],
    ])
    const { points } = scatterChart(foldSeeds(some), { ...defaultLook(foldSeeds(some)), x: measureNamed('time') })
    assert.deepEqual(points, [])
  })

  it('a perplexity that overflows survives a message', () => {
    const { results } = compared({ settings: {}, recovered: Infinity })
    const sent = JSON.parse(JSON.stringify(toSent(results))) as ReturnType<typeof toSent>
    assert.deepEqual(fromSent(sent), results)
  })

  it('are above the dense model by the median of their distances to their own dense models', () => {
    const [run] = foldSeeds(runs)
    assert.equal(run.delta, null)
    const measured = runs.map((one) => ({
      ...one,
      results: { ...one.results, perplexity: { dense: 10, pruned: null, recovered: one.results.perplexity.recovered } },
    }))
    assert.deepEqual(foldSeeds(measured)[0].delta, { median: 11, low: 10, high: 20, count: 3 })
  })
})

describe('the title of several runs', () => {
  const of = (...given: { model?: string; recovered?: number; accuracy?: number }[]) =>
    foldSeeds(
      given.map(({ model = '', recovered, accuracy = null }, i) => {
        const run = compared({ settings: { s: i }, recovered })
        return {
          ...run,
          facts: { ...run.facts, model },
          results: { ...run.results, accuracy: { dense: null, pruned: accuracy, recovered: null } },
        }
      }),
    )

  it('is model and day, and below it how many and which is best: by perplexity, else by accuracy', () => {
    assert.deepEqual(
      comparisonTitle(of({ model: 'opt', recovered: 30 }, { model: 'opt', recovered: 20 }), '2026-12-31'),
      {
        title: 'opt, 2026-12-31',
        about: '2 runs. Best: s 1, perplexity 20.',
      },
    )
    assert.equal(
      comparisonTitle(of({ accuracy: 0.5 }, { accuracy: 0.4 }), '').about,
      '2 runs. Best: s 0, accuracy 50.0 %.',
    )
  })

  it('names two models and counts more; without two results nothing is best', () => {
    assert.equal(comparisonTitle(of({ model: 'a' }, { model: 'b' }), '').title, 'a and b')
    assert.equal(comparisonTitle(of({ model: 'a' }, { model: 'b' }, { model: 'c' }), '').title, '3 models')
    assert.deepEqual(comparisonTitle(of({ recovered: 30 }), ''), { title: '1 run', about: '1 run.' })
  })
})

describe('settings that vary', () => {
  it('are listed by path, without equal settings and without the place of the result', () => {
    const recipe = (sparsity: number, train: string[]) => ({
      prune: [{ method: 'wanda', sparsity }],
      recover: { train, lr: 1 },
      save: { to: `out${sparsity}` },
    })
    assert.deepEqual(varyingSettings([recipe(0.5, ['bias']), recipe(0.6, ['bias', 'norm'])]), [
      { 'prune.0.sparsity': 0.5, 'recover.train': ['bias'] },
      { 'prune.0.sparsity': 0.6, 'recover.train': ['bias', 'norm'] },
    ])
    assert.deepEqual(varyingSettings([{ recover: { steps: 1 } }, {}]), [{ 'recover.steps': 1 }, {}])
    const [first, second] = [recipe(0.5, ['bias']), recipe(0.6, ['bias'])]
    assert.deepEqual(varyingSettings([first, null, first]), [{}, {}, {}])
    assert.deepEqual(varyingSettings([null, first, second]), [{}, ...varyingSettings([first, second])])
  })
})

describe('the Pareto front', () => {
  const of = (points: [number | null, number | null][], better = { x: 'high', y: 'low' } as const) =>
    paretoFront(
      points.map(([x, y]) => ({ x, y })),
      better,
    )

  it('has every point that no other beats in both, from the lowest x, and no other', () => {
    assert.deepEqual(
      of([
        [50, 20],
        [60, 30],
        [55, 40],
        [70, 90],
        [40, 25],
        [60, 31],
      ]),
      [0, 1, 3],
    )
  })

  it('agrees with the definition on many points, whichever end is better', () => {
    let state = 1
    const next = () => (state = (state * 48271) % 2147483647) % 12
    const points = Array.from({ length: 200 }, (): [number, number] => [next(), next()])
    for (const better of [
      { x: 'high', y: 'low' },
      { x: 'low', y: 'low' },
      { x: 'low', y: 'high' },
    ] as const) {
      const no = (a: number, b: number, which: 'low' | 'high') => (which === 'low' ? a <= b : a >= b)
      const beaten = ([x, y]: [number, number]) =>
        points.some(([a, b]) => no(a, x, better.x) && no(b, y, better.y) && (a !== x || b !== y))
      const expected = points.flatMap((point, i) => (beaten(point) ? [] : [i]))
      assert.deepEqual(
        paretoFront(
          points.map(([x, y]) => ({ x, y })),
          better,
        ).sort((a, b) => a - b),
        expected,
      )
    }
  })

  it('leaves out what is not measured; equal points are all on it', () => {
    assert.deepEqual(
      of([
        [50, null],
        [null, 1],
        [60, 2],
        [60, 2],
      ]),
      [2, 3],
    )
    assert.deepEqual(of([]), [])
  })

  it('is drawn in steps beside the runs, over the sparsity that was asked for, with a line for the dense model', () => {
    const folded = foldSeeds(
      [
        compared({ settings: { s: 0.5 }, requested: 0.5, sparsity: 0.49, recovered: 20 }),
        compared({ settings: { s: 0.6 }, requested: 0.6, sparsity: 0.59, recovered: 30 }),
        compared({ settings: { s: 0.4 }, requested: 0.4, sparsity: 0.39, recovered: 25 }),
        compared({ settings: { s: 0.7 }, sparsity: 0.7, recovered: 25 }),
      ].map((run) => ({ ...run, results: { ...run.results, perplexity: { ...run.results.perplexity, dense: 18 } } })),
    )
    const { series, levels } = scatterChart(folded, defaultLook(folded)).chart
    const [front, ...runs] = series
    assert.deepEqual(
      runs.map(({ label, points }) => [label, points[0].x, points[0].y]),
      [
        ['0.4', 40, 25],
        ['0.5', 50, 20],
        ['0.6', 60, 30],
      ],
    )
    // Between 50 and 60 % the best that is reached is the run of 60 %.
    assert.deepEqual(
      front.points.map(({ x, y }) => [x, y]),
      [
        [50, 20],
        [50, 30],
        [60, 30],
      ],
    )
    assert.deepEqual(
      levels.map(({ label, value }) => [label, value]),
      [['dense', 18]],
    )
    assert.deepEqual(scatterChart([], defaultLook([])).chart, { series: [], levels: [], xRange: null })
  })

  it('is one for each model: runs of different models do not compete', () => {
    const of = (model: string, requested: number, recovered: number) => {
      const run = compared({ settings: { model, s: requested }, requested, recovered })
      return { ...run, facts: { ...run.facts, model } }
    }
    const folded = foldSeeds([of('a', 0.5, 20), of('a', 0.6, 30), of('b', 0.5, 10), of('b', 0.6, 12)])
    const fronts = scatterChart(folded, defaultLook(folded)).chart.series.filter(({ marks }) => marks === undefined)
    assert.deepEqual(
      fronts.map(({ label, points }) => [label, points.length]),
      [
        ['Pareto front, a', 3],
        ['Pareto front, b', 3],
      ],
    )
  })

  it('steps the other way where less is better: a run is reached by all that take longer', () => {
    const timed = ([seconds, recovered]: [number, number]) => {
      const run = compared({ settings: { t: seconds }, recovered })
      return { ...run, results: { ...run.results, seconds } }
    }
    const folded = foldSeeds([timed([10, 30]), timed([20, 25])])
    const look = { ...defaultLook(folded), x: measureNamed('time') }
    const [front] = scatterChart(folded, look).chart.series
    assert.deepEqual(
      front.points.map(({ x, y }) => [x, y]),
      [
        [10, 30],
        [20, 30],
        [20, 25],
      ],
    )
  })

  it('uses the measured sparsity for runs without a recipe', () => {
    const folded = foldSeeds([compared({ settings: { s: 0.5 }, sparsity: 0.49, recovered: 20 })])
    assert.equal(defaultLook(folded).x.id, 'zeros')
  })
})
