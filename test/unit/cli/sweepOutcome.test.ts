import assert from 'node:assert/strict'
import { outcomeOf } from '../../../src/cli/sweep/outcome.ts'
import { slurmOptions } from '../../../src/cli/sweep/slurmOption.ts'
import { resultOf } from '../../../src/shared/series/runResult.ts'
import { sweepResults, type SweepRunState, type SweepTable } from '../../../src/shared/sweep/sweepTable.ts'

const results = sweepResults(resultOf(null))
const tableOf = (...states: SweepRunState[]): SweepTable => ({
  id: 'x',
  engine: 'local',
  runs: states.map((state, index) => ({
    index,
    name: `${index}`,
    settings: {},
    state,
    message: null,
    run: null,
    results,
  })),
})

describe('the outcome of a sweep', () => {
  for (const [states, code] of [
    [['done', 'done'], 0],
    [['done', 'failed', 'cancelled'], 1],
    [['done', 'cancelled'], 130],
    [['done', 'waiting'], 1],
  ] as const)
    it(`${states.join(', ')}: ${code}`, () => assert.equal(outcomeOf(tableOf(...states)).exitCode, code))

  it('a run that left nothing behind is told as failed, with what to do', () => {
    const { runs } = outcomeOf(tableOf('waiting')).json as SweepTable
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
