import assert from 'node:assert/strict'
import { runLabel, runName, sweepTitle } from '../../../src/formatting/paths.ts'

describe('the name of a run', () => {
  it('is the recipe’s, then the time', () => {
    const name = runName('20261231-235958-opt-wanda50')
    assert.equal(runLabel(name), 'opt-wanda50 · 2026-12-31 23:59:58')
    assert.equal(name.started, new Date(2026, 11, 31, 23, 59, 58).getTime())
  })
  it('is the folder’s where that has another name', () => {
    assert.equal(runLabel(runName('my run')), 'my run')
    assert.equal(runName('20261231-opt').started, 0)
  })
})

describe('the title of a sweep', () => {
  it('says "sweep" once', () =>
    assert.deepEqual(['sweep', 'my sweep', 'wanda50'].map(sweepTitle), ['Sweep', 'My sweep', 'Sweep wanda50']))
})
