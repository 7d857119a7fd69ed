import assert from 'node:assert/strict'
import { placeNames, runLabel, runName, sweepTitle } from '../../../src/formatting/paths.ts'

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

describe('names of places', () => {
  it('differ, also where one looks like another with its index at the end', () => {
    const names = placeNames(['w-2', 'w', 'W', 'a/b', 'a b', 'a_b-4', ''])
    assert.deepEqual(names.slice(0, 2), ['w-2', 'w'])
    assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length)
  })
})
