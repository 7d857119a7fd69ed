import assert from 'node:assert/strict'
import { runLabel, runName, sweepTitle } from '../../../src/formatting/paths.ts'

describe('name of a run', () => {
  it('is the recipe’s, then the time', () => {
    const name = runName('20261231-235958-opt-wanda50')
    assert.equal(runLabel(name), 'opt-wanda50 · 2026-12-31 23:59:58')
    assert.equal(name.started, new Date(2026, 11, 31, 23, 59, 58).getTime())
  })
  it('of a folder called otherwise is the folder’s', () => {
    assert.equal(runLabel(runName('my run')), 'my run')
    assert.equal(runName('20261231-opt').started, 0)
  })
})

describe('title of a sweep', () => {
  it('says "sweep" once', () =>
    assert.deepEqual(['sweep', 'my sweep', 'wanda50'].map(sweepTitle), ['Sweep', 'My sweep', 'Sweep wanda50']))
})
