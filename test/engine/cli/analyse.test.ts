// What the command line shows of an analysis.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cli } from '../../support/cli.ts'
import { scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

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

  it('writes nothing into the folder of a model, also where its file of weights is named', async () => {
    const model = join(scratch().folder, 'model')
    await writeTinyModel(model)
    const out = join(model, 'map.json')
    for (const named of [model, join(model, 'model.safetensors')]) {
      const { status, stderr } = await cli('analyse', named, '--out', out)
      assert.deepEqual([status, existsSync(out)], [2, false], named)
      assert.match(stderr, /belongs to the model, which is never changed/)
    }
  })
})
