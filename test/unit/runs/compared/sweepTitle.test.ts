import assert from 'node:assert/strict'
import { sweepTitle } from '../../../../src/formatting/runName.ts'

describe('title of a sweep', () => {
  it('says "sweep" once', () =>
    assert.deepEqual(['sweep', 'my sweep', 'wanda50'].map(sweepTitle), ['Sweep', 'My sweep', 'Sweep wanda50']))
})
