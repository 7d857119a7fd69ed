import assert from 'node:assert/strict'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { recipeFolders } from '../../../src/extension/runs/recipeFolders.ts'

describe('folders of recipes with runs', () => {
  it('stand once each, without those of which only sweeps have runs', () => {
    const folders = [
      '/w/b/.sparsescope/runs/20260102-000000-x',
      '/w/a/.sparsescope/runs/20260101-000000-x',
      '/w/b/.sparsescope/runs/20260101-000000-y',
      '/w/c/.sparsescope/sweeps/20260101-000000-s/runs/0',
    ]
    const runs = folders.map((folder) => new RunReader({ name: '', settings: {}, folder }))
    assert.deepEqual(recipeFolders(runs), ['/w/a', '/w/b'])
    assert.deepEqual(recipeFolders([]), [])
  })
})
