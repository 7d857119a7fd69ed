import assert from 'node:assert/strict'
import { deepEqual, equal } from 'node:assert/strict'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf, sweepProgress } from '../../../../src/cli/sweep/engine.ts'
import { slurmOptions } from '../../../../src/cli/sweep/options.ts'
import { runPathOf, sweepFolderAt } from '../../../../src/runs/folder/sweepFolder.ts'
import { resultOf } from '../../../../src/runs/series/runResult.ts'
import { sweepResults, type SweepRunState, type SweepTable } from '../../../../src/runs/compared/sweepTable.ts'
import { scratch } from '../../../support/scratch.ts'
import { writeSummary } from '../../../support/summaries.ts'

const results = sweepResults(resultOf(null))
const tableOf = (...states: SweepRunState[]): SweepTable => ({
  id: 'x',
  engine: 'local',
  runs: states.map((state, index) => ({
    index,
    name: `${index}`,
    settings: {},
    state,
    message: state === 'failed' ? 'why' : null,
    run: null,
    results,
  })),
})

const recipe = { version: 1, model: 'm' } as const
const planned = [0, 1, 2, 3].map((index) => ({ index, name: `${index}`, settings: {}, recipe }))
const place = { folder: sweepFolderAt('x'), runs: planned }

describe('the outcome of a sweep', () => {
  for (const [states, code] of [
    [['done', 'done'], 0],
    [['done', 'failed', 'cancelled'], 1],
    [['done', 'cancelled'], 130],
    [['done', 'waiting'], 1],
    [['done', 'running'], 1],
  ] as const)
    it(`${states.join(', ')}: ${code}`, () => assert.equal(outcomeOf(tableOf(...states), place).exitCode, code))

  it('names a run that another process has', () => {
    const text = outcomeOf(tableOf('done', 'running'), place).text ?? ''
    assert.match(text, /^Another process is running run 1: wait for it, and run the sweep again\.$/m)
  })

  it('says below the table what failed and why, and how to continue', () => {
    const text = outcomeOf(tableOf('done', 'failed', 'cancelled', 'waiting'), place).text ?? ''
    const below = text.split('\n').slice(5)
    assert.deepEqual(below, [
      '1 of 4 done, 2 failed, 1 cancelled; sparsescope sweep run x continues with the rest',
      'failed 1: why',
      'failed 3: it could not write anything: check that the disk is not full. sparsescope sweep run starts it again',
    ])
    assert.equal((outcomeOf(tableOf('done', 'done'), place).text ?? '').split('\n').length, 3)
  })

  it('reports a failed run that left nothing, and says what to do', () => {
    const { runs } = outcomeOf(tableOf('waiting'), place).json as SweepTable
    assert.equal(runs[0].state, 'failed')
    assert.match(runs[0].message ?? '', /sweep run starts it again/)
  })
})

describe('--slurm key=value', () => {
  it('reads what sweep.slurm may have', () =>
    assert.deepEqual(slurmOptions(['partition=gpu', 'cpus=4']), { partition: 'gpu', cpus: 4 }))
  for (const given of ['partition', 'toString=1', '__proto__=1', 'cpus=many', 'nodes=2'])
    it(`refuses ${given}`, () => assert.throws(() => slurmOptions([given]), { code: 'usage' }))
})

describe('the share of a sweep', () => {
  let folder: string
  before(() => (folder = scratch().folder))

  it('counts the progress inside its runs, and shows the time left', async () => {
    let clock = 0
    const sweep = sweepFolderAt(folder)
    const read = sweepProgress(sweep, 4, () => clock)
    const say = (index: number, overall: number) => {
      mkdirSync(runPathOf(sweep, index), { recursive: true })
      const event = { t: 1, type: 'progress', phase: 'prune', done: 1, total: 2, unit: 'windows', eta_s: 1, overall }
      appendFileSync(join(runPathOf(sweep, index), 'events.jsonl'), `${JSON.stringify(event)}\n`)
      writeSummary(runPathOf(sweep, index))
    }
    const count = { done: 1, total: 4, unit: 'runs' }
    deepEqual(await read(1, [1]), { what: 'sweep', count, share: 0.25, secondsLeft: null }, 'it has said nothing yet')
    say(1, 0.5)
    say(2, 0.25)
    clock = 3000
    const told = await read(1, [1, 2])
    equal(told.share, 1.75 / 4)
    equal(told.secondsLeft, (3 / 0.1875) * (1 - 1.75 / 4))
    say(1, 0.9)
    equal((await read(1, [1])).share, 1.9 / 4)
    equal((await read(4, [])).share, 1)
  })
})
