import assert from 'node:assert/strict'
import { outcomeOf } from '../../../src/cli/sweep/outcome.ts'
import { slurmOptions } from '../../../src/cli/sweep/slurmOption.ts'
import { sweepFolderAt } from '../../../src/runs/folder/sweepFolder.ts'
import { resultOf } from '../../../src/runs/series/runResult.ts'
import { sweepResults, type SweepRunState, type SweepTable } from '../../../src/runs/compared/sweepTable.ts'

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

  it('a run that another process has is named', () => {
    const text = outcomeOf(tableOf('done', 'running'), place).text ?? ''
    assert.match(text, /^Another process is at work on run 1: wait for it, and run the sweep again\.$/m)
  })

  it('what failed is told below the table with its reason, and what goes on with the rest', () => {
    const text = outcomeOf(tableOf('done', 'failed', 'cancelled', 'waiting'), place).text ?? ''
    const below = text.split('\n').slice(5)
    assert.deepEqual(below, [
      '1 of 4 done, 2 failed, 1 cancelled; sparsescope sweep run x goes on with the rest',
      'failed 1: why',
      'failed 3: it could write nothing: is the disk full? sparsescope sweep run begins it again',
    ])
    assert.equal((outcomeOf(tableOf('done', 'done'), place).text ?? '').split('\n').length, 3)
  })

  it('a run that left nothing behind is told as failed, with what to do', () => {
    const { runs } = outcomeOf(tableOf('waiting'), place).json as SweepTable
    assert.equal(runs[0].state, 'failed')
    assert.match(runs[0].message ?? '', /sweep run begins it again/)
  })
})

describe('--slurm key=value', () => {
  it('reads what sweep.slurm may have', () =>
    assert.deepEqual(slurmOptions(['partition=gpu', 'cpus=4']), { partition: 'gpu', cpus: 4 }))
  for (const given of ['partition', 'toString=1', '__proto__=1', 'cpus=many', 'nodes=2'])
    it(`refuses ${given}`, () => assert.throws(() => slurmOptions([given]), { code: 'usage' }))
})
