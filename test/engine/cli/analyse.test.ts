// What the command line shows of an analysis.
import assert from 'node:assert/strict'
import { cli } from '../../support/cli.ts'
import { goldenPath } from '../../support/shared.ts'

describe('sparsescope analyse', () => {
  it('heads each column by the sparsity that was asked for, not by a rounded one', async () => {
    const ids = ['--calibration', goldenPath('opt', 'prune', 'calib.safetensors'), '--samples', '1', '--device', 'cpu']
    const asked = ['--method', 'magnitude', '--sparsity', '0.501', '0.504', '0.625']
    const { status, stdout, stderr } = await cli('analyse', goldenPath('opt'), ...ids, ...asked)
    assert.equal(status, 0, stderr)
    assert.deepEqual(stdout.split('\n')[0].match(/magnitude [\d.]+ %/g), [
      'magnitude 50.1 %',
      'magnitude 50.4 %',
      'magnitude 62.5 %',
    ])
  })
})
