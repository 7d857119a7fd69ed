// Runs that are compared, as their folders show them: a sweep in the middle, one that goes on, damaged files, curves as they grow.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createComparedView, rowOf } from '../../../src/extension/sweeps/comparedView.ts'
import { comparedRuns } from '../../../src/extension/sweeps/experiments.ts'
import { nameOfRun, sweepOfRun } from '../../../src/runs/folder/sweepFolder.ts'
import { encodeLock, LockWatch } from '../../../src/runs/lock/lock.ts'
import { RunsReader } from '../../../src/runs/reader/runsReader.ts'
import { Sweeps, type Sweep } from '../../../src/extension/sweeps/sweeps.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import type { ComparedRow, ToSweep } from '../../../src/protocol/sweepView.ts'
import { recordedRun } from '../../webview/harness/recorded.ts'
import { curveIn, emptyCurve } from '../../../webview-ui/sweep/curveData.ts'
import { scratch } from '../../support/scratch.ts'
import { writeSummary } from '../../support/summaries.ts'
import { until } from '../../support/until.ts'

const lines = (events: readonly RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')
const whole = recordedRun(6)
const half = whole.slice(0, 100)
const steps = (events: readonly RunEvent[]) => events.filter(({ type }) => type === 'step').length

describe('a sweep on disk', () => {
  let place: string
  let folder: string
  let sweeps: Sweeps
  beforeEach(() => {
    place = scratch().folder
    folder = join(place, '.sparsescope', 'sweeps', '20261231-235958-wanda')
    mkdirSync(join(folder, 'runs'), { recursive: true })
    const runs = [0.4, 0.5, 0.6, 0.7].map((sparsity, index) => {
      return {
        index,
        name: `prune.0.sparsity=${sparsity}`,
        settings: { 'prune.0.sparsity': sparsity },
        hash: '0'.repeat(64),
      }
    })
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ id: '0123456789abcdef', runs, base: '../../..' }))
    sweeps = new Sweeps(() => Promise.resolve(new Set()))
  })
  afterEach(() => {
    sweeps.dispose()
  })
  const run = (index: number) => join(folder, 'runs', String(index))
  function write(index: number, events: readonly RunEvent[], report?: object): void {
    mkdirSync(run(index), { recursive: true })
    writeFileSync(join(run(index), 'events.jsonl'), lines(events))
    writeSummary(run(index))
    if (report) writeFileSync(join(run(index), 'report.json'), JSON.stringify(report))
  }
  const report = { perplexity: { dense: 27.65, recovered: 31.2 }, sparsity: 0.4, trainable: { count: 9, percent: 0.1 } }
  const states = ({ runs }: Sweep) => runs.runs.map(({ state }) => state.standing.state)

  it('waits before it begins, and reports with the reason what ended, failed, was refused or cancelled', async () => {
    const sweep = await sweeps.openFolder(folder)
    await sweep.runs.look()
    assert.deepEqual(states(sweep), ['waiting', 'waiting', 'waiting', 'waiting'])
    write(0, whole, report)
    write(1, [...half, { t: 9, type: 'end', status: 'failed', message: 'No space left' }])
    mkdirSync(join(folder, 'refused'))
    writeFileSync(join(folder, 'refused', '2.txt'), 'the model changed\n')
    writeFileSync(join(folder, 'cancelled.json'), '{"indices": [3]}')
    await sweep.runs.look()
    const rows = sweep.runs.runs.map(rowOf)
    assert.deepEqual(states(sweep), ['done', 'failed', 'failed', 'cancelled'])
    assert.deepEqual(
      rows.map(({ message }) => message),
      [null, 'No space left', 'the model changed', null],
    )
    assert.deepEqual(
      [rows[0].results.sparsity, rows[0].results.perplexity.recovered, rows[0].trainablePercent],
      [0.4, 31.2, 0.1],
    )
    assert.equal(rows[1].results.perplexity.dense, 27.65)
    assert.equal(sweep.name, 'wanda')
  })

  it('has a running run while a process holds it, and sees its end', async () => {
    write(0, half)
    writeFileSync(join(run(0), 'lock'), 'a lock that somebody keeps')
    const sweep = await sweeps.openFolder(folder)
    await sweep.runs.look()
    // Nobody's lock: it is no lock of ours.
    assert.deepEqual(states(sweep)[0], 'failed')
    appendFileSync(join(run(0), 'events.jsonl'), lines(whole.slice(100)))
    writeSummary(run(0))
    writeFileSync(join(run(0), 'report.json'), JSON.stringify(report))
    await sweep.runs.look()
    assert.deepEqual(states(sweep)[0], 'done')
    assert.equal(sweep.runs.runs[0].state.summary?.loss.steps, steps(whole))
  })

  it('gives a view the existing points, then the new ones, of the same curve', async () => {
    write(0, half)
    const sweep = await sweeps.openFolder(folder)
    const told: ToSweep[] = []
    const what = { kind: 'sweep', title: '', about: '' } as const
    const view = createComparedView({ what, followed: sweep.runs, maxPoints: () => 2000 }, (m) => told.push(m))
    view.replay()
    await sweep.runs.look()
    await view.watch({ type: 'watch', watch: 1, curve: 'loss', smoothing: 0, groups: [[0], [1, 99]] })
    appendFileSync(join(run(0), 'events.jsonl'), lines(whole.slice(100)))
    writeSummary(run(0))
    await sweep.runs.look()
    const shown = () => {
      const parts = told.flatMap((message) => (message.type === 'curves' ? message.parts : []))
      const last = parts.findLast(({ group }) => group === 0)
      return last ? curveIn(last) : emptyCurve()
    }
    await until('the whole curve', () => shown().y.length >= steps(whole))
    const curve = shown()
    const losses = whole.flatMap((event) => (event.type === 'step' ? [event.loss ?? NaN] : []))
    assert.equal(curve.y.length, losses.length)
    for (const [i, loss] of losses.entries())
      assert.ok(Object.is(curve.y[i], loss) || Math.abs(curve.y[i] / loss - 1) < 1e-6, `${i}`)
    assert.ok(told.some((message) => message.type === 'rows' && message.rows.some(({ index }) => index === 0)))
    view.dispose()
  })

  it('gives a whole curve even for a run that was done before it was seen', async () => {
    write(0, whole, report)
    const sweep = await sweeps.openFolder(folder)
    const told: ToSweep[] = []
    const what = { kind: 'sweep', title: '', about: '' } as const
    const view = createComparedView({ what, followed: sweep.runs, maxPoints: () => 2000 }, (m) => told.push(m))
    view.replay()
    await view.watch({ type: 'watch', watch: 1, curve: 'loss', smoothing: 0, groups: [[0], [1]] })
    const length = (group: number) => {
      const parts = told.flatMap((message) => (message.type === 'curves' ? message.parts : []))
      const last = parts.findLast((part) => part.group === group)
      return last ? curveIn(last).y.length : 0
    }
    assert.deepEqual([length(0), length(1)], [steps(whole), 0])
    write(1, whole, report)
    await sweep.runs.look()
    // It comes with a later look of the view's own.
    await until('the whole curve', () => length(1) >= steps(whole))
    assert.deepEqual([length(0), length(1)], [steps(whole), steps(whole)])
    view.dispose()
  })

  it('gives a view the rows of all runs before the first curve', async () => {
    for (const index of [0, 1, 2, 3]) write(index, whole, report)
    const sweep = await sweeps.openFolder(folder)
    const told: ToSweep[] = []
    const what = { kind: 'sweep', title: '', about: '' } as const
    const view = createComparedView({ what, followed: sweep.runs, maxPoints: () => 2000 }, (m) => told.push(m))
    await view.watch({ type: 'watch', watch: 1, curve: 'loss', smoothing: 0, groups: [[0], [1]] })
    const first = told.findIndex(({ type }) => type === 'curves')
    const rows = told.slice(0, first).flatMap((message) => (message.type === 'rows' ? message.rows : []))
    assert.deepEqual(
      new Set(rows.map(({ index, state }) => `${index} ${state}`)),
      new Set(['0 done', '1 done', '2 done', '3 done']),
    )
    view.dispose()
  })

  it('is read for its results, not only for its state', async () => {
    write(0, whole, report)
    write(1, [...half, { t: 9, type: 'end', status: 'failed', message: 'x'.repeat(3000) }])
    const sweep = await sweeps.openFolder(folder)
    await sweep.runs.isSeen()
    assert.deepEqual(states(sweep).slice(0, 2), ['done', 'failed'])
    assert.equal(sweep.runs.runs[1].state.standing.message?.length, 3000)
    assert.deepEqual(
      sweep.runs.runs.map(({ state }) => state.summary?.loss.steps ?? null),
      [steps(whole), steps(half), null, null],
    )
    assert.equal(sweep.runs.runs.map(rowOf)[1].results.perplexity.dense, 27.65)
  })

  it('is refused with the file where its plan is invalid, and damaged events are read up to the damage', async () => {
    writeFileSync(join(folder, 'plan.json'), '{"id": "0123456789abcdef"}')
    await assert.rejects(sweeps.openFolder(folder), /plan\.json is not what a run writes/)
    assert.deepEqual(sweeps.list(), [])
    const other = join(place, '.sparsescope', 'sweeps', 'link')
    mkdirSync(other)
    symlinkSync(join(folder, 'plan.json'), join(other, 'plan.json'))
    await assert.rejects(sweeps.openFolder(other), /plan\.json is a symbolic link/)
  })

  it('names a run by the sweep and its number', () => {
    assert.equal(sweepOfRun(run(3)), folder)
    assert.equal(nameOfRun(run(3)).name, 'wanda #3')
    assert.equal(sweepOfRun(join(place, '.sparsescope', 'runs', '20261231-235958-a')), null)
  })
})

describe('the lock of a run, looked at again and again', () => {
  it('is held while its own number changes, whatever the clock of its machine says', async () => {
    const folder = scratch().folder
    const holder = { token: '0'.repeat(32), pid: 1, host: 'elsewhere', boot: null, pidSpace: null }
    const beat = (number: number) => {
      writeFileSync(join(folder, 'lock'), encodeLock(holder, number))
      utimesSync(join(folder, 'lock'), 1e9, 1e9)
    }
    const watch = new LockWatch()
    assert.equal(watch.isHeld(folder), false)
    beat(1)
    // Nobody knows yet; nor whether it stands still, a moment later.
    assert.deepEqual([watch.isHeld(folder), watch.isHeld(folder)], [null, null])
    beat(2)
    assert.equal(watch.isHeld(folder), true)
    rmSync(join(folder, 'lock'))
    assert.equal(watch.isHeld(folder), false)
  })

  it('frees all runs of a sweep at once if it is not renewed', async () => {
    const folder = scratch().folder
    const places = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, settings: {}, folder: join(folder, `${i}`) }))
    for (const { folder: run } of places) {
      mkdirSync(run)
      writeFileSync(join(run, 'events.jsonl'), lines(half))
      const holder = { token: '0'.repeat(32), pid: 1, host: 'gone', boot: null, pidSpace: null }
      writeFileSync(join(run, 'lock'), encodeLock(holder, 1))
      utimesSync(join(run, 'lock'), 1e9, 1e9)
    }
    const followed = new RunsReader(places)
    await followed.look()
    assert.ok(followed.runs.every(({ state }) => state.standing.state === 'failed' && !state.isDoubtful))
    followed.close()
  })
})

describe('runs that a person chose', () => {
  it('are compared by what differs between their recipes; one without a report has no settings', async () => {
    const place = scratch().folder
    const folders = ['20261231-235958-a', '20261231-235959-a', 'c'].map((name) => join(place, name))
    for (const [i, folder] of folders.entries()) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'events.jsonl'), lines(i < 2 ? whole : half))
      const recipe = {
        model: 'opt',
        prune: [{ method: i === 0 ? 'wanda' : 'ria', sparsity: 0.5 }],
        save: { to: `${i}` },
      }
      if (i < 2)
        writeFileSync(join(folder, 'report.json'), JSON.stringify({ recipe, perplexity: { recovered: 30 + i } }))
    }
    const followed = await comparedRuns(folders)
    await followed.look()
    const shown = ({ name, settings, state, results }: ComparedRow) => [
      name,
      settings,
      state,
      results.perplexity.recovered,
    ]
    assert.deepEqual(followed.runs.map(rowOf).map(shown), [
      ['a · 2026-12-31 23:59:58', { 'prune.0.method': 'wanda' }, 'done', 30],
      ['a · 2026-12-31 23:59:59', { 'prune.0.method': 'ria' }, 'done', 31],
      ['c', {}, 'failed', null],
    ])
    followed.close()
  })
})
