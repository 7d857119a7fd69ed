import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { Roots } from '../../../src/agents/roots.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'

describe('the roots of tools', () => {
  let place: Scratch
  let roots: Roots
  const refused = { code: 'usage', message: /is not inside the folders/ }
  beforeEach(async () => {
    place = scratch()
    place.write('in/model/config.json', '{}')
    place.write('in/other/a.txt', '')
    place.write('out/secret.txt', '')
    roots = await Roots.open([place.path('in'), place.path('in/other')])
  })

  it('find the place of a file, also of one that does not exist yet or is in a later root', async () => {
    const [root] = roots.folders
    assert.equal(await roots.place('model/config.json'), `${root}/model/config.json`)
    assert.equal(await roots.place('new/folder/x.yaml'), `${root}/new/folder/x.yaml`)
    assert.equal(await roots.place(`${root}/other/../model`), `${root}/model`)
    assert.equal(await roots.place('.'), root)
  })

  for (const path of ['..', '../out', '/', '/etc/passwd', 'model/../../out', '\\\\host\\share', 'a\0b', '../in2'])
    it(`refuse ${JSON.stringify(path)}`, () => assert.rejects(roots.place(path), refused))

  it('refuse links that lead outside, nowhere, or in a circle', async () => {
    symlinkSync(place.path('out'), place.path('in/folder'))
    symlinkSync(place.path('out/secret.txt'), place.path('in/file'))
    symlinkSync(place.path('out/nothing'), place.path('in/nowhere'))
    symlinkSync(place.path('in/loop'), place.path('in/loop'))
    for (const path of ['folder', 'folder/secret.txt', 'folder/new', 'file', 'nowhere', 'loop'])
      await assert.rejects(roots.place(path), refused, path)
  })

  it('follow links inside', async () => {
    symlinkSync(place.path('in/model'), place.path('in/linked'))
    assert.equal(await roots.place('linked/config.json'), `${roots.folders[0]}/model/config.json`)
  })

  it('refuse a model with a file that links outside, named by its folder or its file', async () => {
    place.write('in/model/model.safetensors', '')
    assert.equal(await roots.source('model'), `${roots.folders[0]}/model`)
    symlinkSync(place.path('out/secret.txt'), place.path('in/model/tokenizer.json'))
    await assert.rejects(roots.source('model'), refused)
    await assert.rejects(roots.source('model/model.safetensors'), refused)
  })

  it('refuse the Hub’s cache unless it is inside', async () => {
    place.write('in/hub/models--a--b/snapshots/1234567/config.json', '{}')
    place.write('in/hub/models--a--b/refs/main', '1234567')
    const before = process.env.HF_HUB_CACHE
    try {
      process.env.HF_HUB_CACHE = place.path('in/hub')
      assert.match(await roots.source('hf:a/b'), /snapshots\/1234567$/)
      process.env.HF_HUB_CACHE = place.path('out')
      await assert.rejects(roots.source('hf:a/b'), refused)
    } finally {
      if (before === undefined) delete process.env.HF_HUB_CACHE
      else process.env.HF_HUB_CACHE = before
    }
  })

  const outside = '../out/secret.txt'
  const recipes: Record<string, object> = {
    model: { model: '../out' },
    'calibration.data': { calibration: { data: outside } },
    'one of two texts': { calibration: { data: ['other/a.txt', outside] } },
    'recover.data': { recover: { mode: 'retrain', data: outside } },
    'lora.init': { recover: { mode: 'retrain', data: 'other/a.txt', lora: { init: outside } } },
    'recover.adapter': { recover: { mode: 'merge', adapter: '../out' } },
    'recover.dense': { recover: { mode: 'retrain', data: 'other/a.txt', dense: '../out', loss: { dense: 0.5 } } },
    'evaluate.data': { evaluate: [{ data: outside }] },
    'evaluate.out': { evaluate: [{ task: 'piqa', data: 'other/a.txt', out: '../out' }] },
    'save.to': { save: { to: '../out/new' } },
    'save.pruned': { save: { to: 'new', pruned: '../out/new' } },
  }
  for (const [key, recipe] of Object.entries(recipes))
    it(`refuse a recipe whose ${key} is outside`, async () => {
      const whole = recipeSchema.parse({ version: 1, model: 'model', ...recipe })
      await assert.rejects(roots.checkRecipe(resolveRecipe(whole), place.path('in')), refused)
    })

  it('refuse a recipe whose loss needs a dense model outside, as the note beside its model says', async () => {
    const note = { recipe: { version: 1, model: '../../out', save: { to: '../in/model' } } }
    place.write('in/model/sparsescope.json', JSON.stringify(note))
    const recover = { mode: 'retrain', data: 'other/a.txt', loss: { dense: 0.5 } }
    const recipe = (more: object) => resolveRecipe(recipeSchema.parse({ version: 1, model: 'model', ...more }))
    await assert.rejects(roots.checkRecipe(recipe({ recover }), place.path('in')), refused)
    await assert.doesNotReject(roots.checkRecipe(recipe({}), place.path('in')))
  })

  it('find files and folders below them without following links', async () => {
    mkdirSync(place.path('in/node_modules'))
    place.write('in/node_modules/a.txt', '')
    symlinkSync(place.path('out'), place.path('in/folder'))
    const found = await roots.find((path, isFolder) => !isFolder && path.endsWith('.txt'), [place.path('in')])
    assert.deepEqual(
      found.map((path) => roots.shown(path)),
      ['other/a.txt'],
    )
  })
})
