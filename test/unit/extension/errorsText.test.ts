import assert from 'node:assert/strict'
import { errorsText } from '../../../src/extension/recipe/errorsText.ts'

describe('a recipe that cannot run', () => {
  it('says how many errors it has, and the first', () => {
    assert.equal(errorsText('x.prune.yaml', ['no model']), 'x.prune.yaml has an error: no model')
    assert.equal(errorsText('x.prune.yaml', ['no model', 'no data']), 'x.prune.yaml has 2 errors, first: no model')
  })
})
