// What the view of several runs and the table of a sweep are made by: statuses, plans, measures, styles.
import assert from 'node:assert/strict'
import { defaultLook, scatterChart } from '../../../../src/charts/scatterChart.ts'
import { comparisonCsv, countsText } from '../../../../src/runs/compared/comparisonTable.ts'
import { foldSeeds } from '../../../../src/runs/compared/foldSeeds.ts'
import { measuresOf } from '../../../../src/runs/compared/measures.ts'
import { defaultStyles, styleGroups, stylePaths } from '../../../../src/charts/runStyles.ts'
import { statusInSweep, type RunSigns, type SweepSigns } from '../../../../src/runs/runStatus.ts'
import { recordedRows } from '../../../webview/harness/recordedSweep.ts'

const rows = recordedRows(3, 2)
const folded = foldSeeds(rows)

describe('status of a run in a sweep', () => {
  const signs = (changed: Partial<RunSigns> = {}): RunSigns => ({
    isHeld: false,
    end: null,
    hasReport: false,
    ...changed,
  })
  const around = (changed: Partial<SweepSigns> = {}): SweepSigns => ({
    isQueued: false,
    isCancelled: false,
    refusal: null,
    ...changed,
  })
  const of = (run: RunSigns | null, sweep = around()) => statusInSweep(run, sweep).state

  it('is what its folder shows: held runs, a report and a good end are done, neither is a process that vanished', () => {
    assert.equal(of(null), 'waiting')
    assert.equal(of(signs({ isHeld: true, end: { status: 'failed' } })), 'running')
    assert.equal(of(signs({ end: { status: 'done' }, hasReport: true })), 'done')
    assert.equal(of(signs({ end: { status: 'cancelled' } })), 'cancelled')
    assert.deepEqual(statusInSweep(signs({ end: { status: 'failed', message: 'disk' } }), around()), {
      state: 'failed',
      message: 'disk',
    })
    assert.match(statusInSweep(signs(), around()).message ?? '', /without a message/)
    assert.equal(of(signs({ end: { status: 'done' } })), 'failed')
  })

  it('one that an engine will begin again waits; one that was cancelled is, also where it had no time to say so', () => {
    assert.equal(of(signs(), around({ isQueued: true })), 'waiting')
    assert.equal(of(signs(), around({ isCancelled: true })), 'cancelled')
    assert.equal(of(null, around({ isCancelled: true })), 'cancelled')
    assert.equal(of(signs({ end: { status: 'done' }, hasReport: true }), around({ isCancelled: true })), 'done')
    assert.deepEqual(statusInSweep(null, around({ refusal: 'no room' })), { state: 'failed', message: 'no room' })
    assert.equal(of(null, around({ refusal: 'no room', isQueued: true })), 'waiting')
    const moved = around({ refusal: 'the data changed' })
    const stopped = signs({ end: { status: 'cancelled', message: 'by hand' } })
    assert.deepEqual(statusInSweep(stopped, moved), { state: 'failed', message: 'the data changed' })
    assert.equal(of(signs({ end: { status: 'done' }, hasReport: true }), moved), 'done')
    assert.equal(of(signs({ isHeld: true }), moved), 'running')
    assert.equal(of(stopped, around({ refusal: 'x', isQueued: true })), 'waiting')
  })

  it('many are counted in one line', () => {
    assert.equal(countsText(['done', 'failed', 'done', 'running']), '2 of 4 done, 1 failed, 1 running')
    assert.equal(countsText(['done']), '1 of 1 done')
  })
})

describe('runs as points', () => {
  it('are distinguished by method and recovery where those vary, else by what does', () => {
    assert.deepEqual(defaultStyles(folded), { colour: 'prune.0.method', shape: 'recover.mode' })
    const one = foldSeeds(rows.filter(({ settings }) => settings['prune.0.method'] === 'wanda'))
    const bare = one.map(({ settings: { 'prune.0.method': _, ...settings }, ...run }) => ({ ...run, settings }))
    assert.deepEqual(defaultStyles(bare), { colour: 'prune.0.sparsity', shape: 'recover.mode' })
    assert.deepEqual(defaultStyles([]), { colour: null, shape: null })
  })

  it('a setting with more values than there are colours or shapes is not offered', () => {
    const many = foldSeeds(recordedRows(8, 1))
    assert.deepEqual(stylePaths(many, 'colour'), ['prune.0.method', 'recover.mode'])
    assert.deepEqual(stylePaths(folded, 'shape'), ['prune.0.method', 'prune.0.sparsity', 'recover.mode'])
  })

  it('each run is in one group, one colour a method and one shape a recovery', () => {
    const groups = styleGroups(folded, defaultStyles(folded))
    assert.deepEqual(
      groups.flatMap(({ runs }) => runs).sort((a, b) => a - b),
      [...folded.keys()],
    )
    assert.equal(groups[0].label, 'magnitude, reconstruct')
    assert.equal(groups[0].style.colour, groups[1].style.colour)
    assert.notEqual(groups[0].style.marker, groups[1].style.marker)
    assert.notEqual(groups[0].style.colour, groups[2].style.colour)
  })

  it('have a legend of words: files without folders unless two have one name, lists without brackets, shares in percent', () => {
    const labels = (path: string, values: unknown[]) => {
      const runs = folded.slice(0, values.length).map((run, i) => ({ ...run, settings: { [path]: values[i] } }))
      return styleGroups(runs, { colour: path, shape: null }).map(({ label }) => label)
    }
    assert.deepEqual(labels('model', ['/tmp/a/opt', 'org/SmolLM2-135M']), ['opt', 'SmolLM2-135M'])
    assert.deepEqual(labels('model', ['/a/opt', '/b/opt']), ['/a/opt', '/b/opt'])
    assert.deepEqual(labels('recover.0.train', [['bias', 'norm'], ['norm']]), ['bias+norm', 'norm'])
    assert.deepEqual(labels('prune.1.sparsity', [0.4, 0.625]), ['40 %', '62.5 %'])
    assert.deepEqual(labels('prune.1.sparsity', [[0.4, 0.5]]), ['40 %, 50 %'])
  })

  it('of several texts have a measure for each, and no axis has two', () => {
    const two = folded.map((run, i) => ({ ...run, facts: { ...run.facts, text: i < 5 ? 'c4.jsonl' : 'wiki.txt' } }))
    const ids = measuresOf(two).map(({ id }) => id)
    assert.deepEqual(
      ids.filter((id) => id.startsWith('perplexity on') || id === 'perplexity'),
      ['perplexity on wiki.txt', 'perplexity on c4.jsonl'],
    )
    const onC4 = measuresOf(two).find(({ title }) => title === 'perplexity on c4.jsonl')
    assert.ok(onC4)
    const { points, text } = scatterChart(two, { ...defaultLook(two), y: onC4 })
    assert.deepEqual([points.length, text.yLabel], [5, 'perplexity on c4.jsonl'])
    assert.ok(measuresOf(folded).some(({ id }) => id === 'perplexity'))
  })

  it('show a sparsity in percent, also that of a later step', () => {
    const setting = measuresOf(folded).find(({ id }) => id === 'setting prune.0.sparsity')
    assert.deepEqual([setting?.axis, setting?.format(0.4), setting?.factor], ['prune.0.sparsity, %', '40 %', 100])
    assert.equal(
      measuresOf(folded)
        .find(({ id }) => id === 'sparsity')
        ?.format(0.4),
      '40 %',
    )
  })

  it('show the median in the unit of the axis with its range, and no front where no end is the better one', () => {
    const { points } = scatterChart(folded, defaultLook(folded))
    assert.equal(points.length, folded.length)
    const [{ x, y, low, high }] = points
    assert.equal(x, 40)
    assert.ok(low !== undefined && high !== undefined && low <= y && y <= high)
    const setting = measuresOf(folded).find(({ id }) => id === 'setting prune.0.sparsity')
    assert.ok(setting)
    const { series } = scatterChart(folded, { ...defaultLook(folded), x: setting }).chart
    assert.ok(series.every(({ label }) => label !== 'Pareto front'))
  })

  it('the Pareto front joins finished runs only: a run in progress, however good, is a point beside it', () => {
    const look = defaultLook(folded)
    const frontOf = (runs: typeof folded) => {
      const { chart, points } = scatterChart(runs, look)
      return { points: points.length, front: chart.series.find(({ label }) => label === 'Pareto front')?.points ?? [] }
    }
    const all = frontOf(folded)
    const best = all.front.at(-1)
    const going = folded.map((run) =>
      look.y.of(run)?.median === best?.y ? { ...run, states: run.states.map(() => 'running' as const) } : run,
    )
    assert.equal(frontOf(going).points, all.points)
    assert.ok(best && all.front.length > 2)
    assert.ok(frontOf(going).front.every(({ y }) => y !== best.y))
  })

  it('a seed that was run twice is no second seed', () => {
    const twice = foldSeeds([...rows, rows[0]])
    assert.equal(twice.length, folded.length + 1)
    assert.deepEqual(twice[0].members, folded[0].members)
    assert.deepEqual(twice.at(-1)?.members, [rows.length])
  })

  it('as CSV each run is a line, seeds apart, numbers as they are', () => {
    const [head, first] = comparisonCsv(rows).split('\r\n')
    assert.match(head, /^run,prune\.0\.method,prune\.0\.sparsity,recover\.mode,seed,state,perplexity_dense,/)
    assert.match(first, /^"prune.*",magnitude,0\.4,reconstruct,0,done,27\.65,40\.45,/)
    assert.equal(comparisonCsv(rows).trim().split('\r\n').length, rows.length + 1)
  })
})
