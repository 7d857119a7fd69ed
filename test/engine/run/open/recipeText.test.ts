import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { recipeText } from '../../../../src/engine/run/open/recipeFile.ts'
import { resolvedRecipe } from '../../../support/recipes.ts'
import { cannot } from '../../../support/skip.ts'

describe('the recipe in a run folder', () => {
  const modelOf = (model: string) => {
    const recipe = resolvedRecipe({ model, prune: [{ sparsity: 0.5 }] })
    return (parse(recipeText(recipe, resolve('/project/.sparsescope/runs/a'))) as { model: string }).model
  }

  it('names files from there, and models of the Hub as they are', () => {
    assert.equal(modelOf(resolve('/project/models/opt')), '../../../models/opt')
    assert.equal(modelOf('hf:org/name@main'), 'hf:org/name@main')
  })

  it('keeps a backslash where it is part of a name', function () {
    if (process.platform === 'win32') cannot(this, 'a backslash parts folders there')
    assert.equal(modelOf('/project/a\\b'), '../../../a\\b')
  })
})
