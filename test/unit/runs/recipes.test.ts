// The recipes of runs that are compared: read from their folders, from a sweep's plan, and from whatever stands in their place.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plannedRecipes, recipeInReport, recipeOfRun } from '../../../src/runs/folder/recipes.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import { sweepFolderAt } from '../../../src/runs/folder/sweepFolder.ts'
import { RunsReader } from '../../../src/runs/reader/runsReader.ts'
import { scratch } from '../../support/scratch.ts'

describe('recipes of compared runs', () => {
  let place: string
  beforeEach(() => (place = scratch().folder))
  function run(name: string, recipe: string): string {
    const folder = join(place, name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'recipe.prune.yaml'), recipe)
    writeFileSync(
      join(folder, 'events.jsonl'),
      '{"t":0,"type":"start","name":"x","model":"m","device":"cpu","description":"","version":"1","blocks":1}\n',
    )
    return folder
  }

  it('name the same file alike from folders of different depth', async () => {
    const text = (up: string) =>
      `model: ${up}/models/opt\ncalibration: {data: ${up}/c4.jsonl}\nrecover: {data: [${up}/a.jsonl, ${up}/b.jsonl], adapter: ${up}/lora}\nevaluate: [{out: ${up}/items}]\nsave: {to: ${up}/out, pruned: ${up}/half}\n`
    const own = await recipeOfRun(runFolderAt(run('runs/a', text('../..'))))
    const swept = await recipeOfRun(runFolderAt(run('sweeps/s/runs/0', text('../../../..'))))
    assert.deepEqual(own, swept)
    assert.deepEqual(own, {
      model: join(place, 'models/opt'),
      calibration: { data: join(place, 'c4.jsonl') },
      recover: { data: [join(place, 'a.jsonl'), join(place, 'b.jsonl')], adapter: join(place, 'lora') },
      evaluate: [{ out: join(place, 'items') }],
      save: { to: join(place, 'out'), pruned: join(place, 'half') },
    })
    assert.deepEqual(await recipeOfRun(runFolderAt(run('h', 'model: hf:org/name'))), { model: 'hf:org/name' })
  })

  it('name unfinished runs that a person compares, and say what differs', async () => {
    const recipe = (sparsity: number) =>
      `version: 1\nmodel: ../m\nprune: [{method: wanda, sparsity: ${sparsity}}]\nseed: 0\n`
    const folders = [run('20261231-235958-a', recipe(0.5)), run('20261231-235959-b', recipe(0.7))]
    const reader = new RunsReader(folders.map((folder) => ({ name: 'x', settings: null, folder })))
    await reader.look()
    reader.close()
    assert.deepEqual(
      reader.runs.map(({ named }) => named.label),
      ['wanda 50 %', 'wanda 70 %'],
    )
    assert.deepEqual(
      reader.runs.map(({ named }) => named.settings),
      [{ 'prune.0.sparsity': 0.5 }, { 'prune.0.sparsity': 0.7 }],
    )
    assert.equal(reader.runs[1].named.facts.sparsity, 0.7)
  })

  it('of a sweep are planned with all defaults: runs that wait have names; a case that a person named keeps its own', async () => {
    const folder = sweepFolderAt(join(place, 'sweeps', 's'))
    mkdirSync(folder.path, { recursive: true })
    writeFileSync(
      folder.recipe,
      'version: 1\nmodel: m\nprune: [{sparsity: 0.5}]\nsweep: {prune.0.sparsity: [0.5, 0.6]}\n',
    )
    const settings = [0.5, 0.6, 0.7].map((sparsity) => ({ 'prune.0.sparsity': sparsity }))
    const names = ['prune.0.sparsity=0.5', 'prune.0.sparsity=0.6', 'much']
    const recipes = await plannedRecipes(folder, { base: '../..', runs: settings.map((one) => ({ settings: one })) })
    const places = recipes.map((recipe, i) => ({
      name: names[i],
      settings: settings[i],
      folder: join(place, `${i}`),
      recipe,
    }))
    const reader = new RunsReader(places)
    reader.close()
    assert.deepEqual(
      reader.runs.map(({ named }) => named.label),
      ['magnitude 50 %', 'magnitude 60 %', 'much'],
    )
    assert.deepEqual(reader.runs[2].named.facts, {
      model: 'm',
      sparsity: 0.7,
      method: 'magnitude',
      pattern: 'unstructured',
      recovery: '',
      seed: 0,
      text: '',
    })
  })

  it('count as unknown where they are no recipe, too long, or a link', async () => {
    for (const [i, text] of ['', '[1]', 'a: [', `a: ${'x'.repeat(2 ** 17)}`, '- &a [*a]'].entries())
      assert.equal(await recipeOfRun(runFolderAt(run(`bad${i}`, text))), null, text.slice(0, 20))
    const linked = run('linked', 'model: m')
    rmSync(join(linked, 'recipe.prune.yaml'))
    symlinkSync('/etc/hostname', join(linked, 'recipe.prune.yaml'))
    assert.equal(await recipeOfRun(runFolderAt(linked)), null)
    assert.equal(recipeInReport({ recipe: { model: 'x'.repeat(2 ** 17) } }), null)
    assert.equal(recipeInReport({ recipe: 3 }), null)
    const folder = sweepFolderAt(join(place, 'none'))
    assert.deepEqual(await plannedRecipes(folder, { base: '..', runs: [{ settings: { seed: 1 } }] }), [null])
  })
})
