import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { resolveRecipe } from '../../../../src/recipe/resolve.ts'
import { pruneEntries } from '../../../../src/plan/runPlan.ts'
import {
  mapPaths,
  recipeText,
  refuseSweep,
  warningsOf,
  readRecipe,
} from '../../../../src/engine/run/open/recipeFile.ts'
import { scratch } from '../../../support/scratch.ts'

describe('the recipe of a run', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))
  const write = (text: string) => {
    const path = join(folder, 'a.prune.yaml')
    writeFileSync(path, text)
    return path
  }

  it('takes settings by path and validates them like the recipe', async () => {
    const path = write('version: 1\nmodel: m\nprune: [{sparsity: 0.5}]\ncalibration: {data: c.jsonl, seq_len: 8}\n')
    const file = await readRecipe(path, ['prune.0.sparsity=0.7', 'recover.steps=3', 'recover.train=[bias]'])
    const recipe = resolveRecipe(file.recipe, {})
    assert.equal(recipe.prune[0].sparsity, 0.7)
    assert.equal(recipe.recover[0].steps, 3)
    assert.deepEqual(recipe.recover[0].train, ['bias'])
    await assert.rejects(readRecipe(path, ['recover.steps=none']), {
      code: 'usage',
      message: /--set recover\.steps=none/,
    })
    await assert.rejects(readRecipe(path, ['recover.stesp=1']), { code: 'usage', message: /stesp/ })
    await assert.rejects(readRecipe(path, ['prune.1.sparsity=0.4']), { code: 'usage', message: /no place prune\.1/ })
    await assert.rejects(readRecipe(path, ['nonsense']), { code: 'usage', message: /path=value/ })
  })

  it('takes a setting below `sweep` for the list of values of that path', async () => {
    const path = write(
      'version: 1\nmodel: m\nprune: [{sparsity: 0.5}]\nsweep: {prune.0.sparsity: [0.5, 0.6], seed: [0, 1]}\n',
    )
    const { recipe } = await readRecipe(path, ['sweep.prune.0.sparsity=[0.7]', 'sweep.seed=[3]'])
    assert.deepEqual(recipe.sweep, { 'prune.0.sparsity': [0.7], seed: [3] })
    const cases = ['sweep.cases=[{name: a, set: {seed: 1}}]', 'sweep.cases.0.set.seed=2']
    const named = write('version: 1\nmodel: m\nprune: [{sparsity: 0.5}]\n')
    assert.deepEqual((await readRecipe(named, cases)).recipe.sweep, { cases: [{ name: 'a', set: { seed: 2 } }] })
  })

  it('holds settings together to the rules between keys', async () => {
    const path = write(
      'version: 1\nmodel: m\nprune: [{sparsity: 0.6, dampening: 0.1}]\nsave: {to: out}\ncalibration: {data: c.jsonl, seq_len: 8}\n',
    )
    await assert.rejects(readRecipe(path, ['prune.0.pattern=2:4']), { code: 'usage', message: /2:4.*sparsity of 0\.5/ })
    const { recipe } = await readRecipe(path, ['prune.0.pattern=2:4', 'prune.0.sparsity=0.5'])
    assert.equal(recipe.prune?.[0].pattern, '2:4')
    const idle = /dampening has no effect/
    const warns = async (...settings: string[]) =>
      (await warningsOf(await readRecipe(path, settings), {})).some((message) => idle.test(message))
    assert.deepEqual(
      [await warns(), await warns('seed=1'), await warns('prune.0.method=sparsegpt')],
      [true, true, false],
    )
  })

  it('is not a folder', async () => {
    await assert.rejects(readRecipe(folder), { code: 'usage', message: /is a folder; give a file/ })
  })

  it('has a mistake named with file, line and column', async () => {
    await assert.rejects(readRecipe(write('version: 1\nmodel: m\nprunes: []\n')), {
      code: 'bad-recipe',
      message: /a\.prune\.yaml:3:1: /,
    })
    await assert.rejects(readRecipe(join(folder, 'missing.prune.yaml')), { code: 'not-found' })
  })

  it('has no sweep, for which the command is named', async () => {
    const file = await readRecipe(write('version: 1\nmodel: m\nprune: [{}]\nsweep: {"prune.0.sparsity": [0.4, 0.5]}\n'))
    assert.throws(() => refuseSweep(file), { code: 'bad-recipe', message: /sparsescope sweep run/ })
  })

  it('means the same in the copy of the run folder', async () => {
    const path = write(
      'version: 1\nmodel: ../m\ncalibration: {data: c.jsonl}\nevaluate: [{data: e.txt}]\nsave: {to: out}\nrecover: {mode: retrain, data: t.txt, lora: {init: i.safetensors}}\n',
    )
    const file = await readRecipe(path)
    const absolute = mapPaths(resolveRecipe(file.recipe, {}), (p) => resolve(folder, p))
    const runFolder = join(folder, 'deep', 'run')
    const copy = join(folder, 'copy.prune.yaml')
    writeFileSync(copy, recipeText(absolute, runFolder))
    const again = mapPaths(resolveRecipe((await readRecipe(copy)).recipe, {}), (p) => resolve(runFolder, p))
    assert.deepEqual(again, absolute)
  })
})

describe('prune entries', () => {
  const linears = [0, 1, 2].flatMap((block) =>
    ['q', 'up'].map((part) => ({ name: `layers.${block}.${part}`, className: 'Linear', block, parameters: 4 })),
  )
  const step = {
    method: 'wanda' as const,
    sparsity: 0.5,
    allocation: 'uniform' as const,
    pattern: 'unstructured',
    scope: 'row' as const,
    selection: 'exact' as const,
    block_size: 128,
    dampening: 0.01,
    targets: ['Linear'],
    ignore: [],
  }

  it('spreads a list of sparsities over the depth and leaves ignored modules out', () => {
    const [entry] = pruneEntries([{ ...step, sparsity: [0.2, 0.6], ignore: ['re:.*up'] }], linears, 3)
    assert.deepEqual([...entry.sparsities.keys()], ['layers.0.q', 'layers.1.q', 'layers.2.q'])
    assert.deepEqual(
      [...entry.sparsities.values()].map((s) => s.toFixed(6)),
      ['0.200000', '0.400000', '0.600000'],
    )
  })

  it('reads N:M as N zeros in each M', () => {
    assert.deepEqual(pruneEntries([{ ...step, pattern: '2:4' }], linears, 3)[0].pattern, { n: 2, m: 4 })
  })
})
