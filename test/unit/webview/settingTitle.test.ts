import assert from 'node:assert/strict'
import { settingTitle } from '../../../webview-ui/sweep/runTable.ts'

describe('the title of a column of settings', () => {
  it('is short where it can be, and never that of another column', () => {
    const paths = ['prune.0.method', 'prune.0.sparsity', 'recover.steps', 'evaluate.0.steps']
    assert.deepEqual(
      paths.map((path) => settingTitle(path, paths)),
      ['method', 'prune.0.sparsity', 'recover.steps', 'evaluate.0.steps'],
    )
  })
})
