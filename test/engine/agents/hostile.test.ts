// The hostile corpus of recipes, paths, checkpoints and run folders, through the tools of agents: every call ends, with a text that has
// nothing of what lies outside the root.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { callTool } from '../../../src/agents/callTool.ts'
import { mostBytes } from '../../../src/agents/resultText.ts'
import { Roots } from '../../../src/agents/roots.ts'
import type { ToolHost } from '../../../src/agents/tool.ts'
import { rules } from '../../../src/lint/lint.ts'
import { closeSockets, hostilePaths } from '../../support/hostilePaths.ts'
import { hostileRecipes } from '../../support/hostileRecipes.ts'
import { hostileRunFolders } from '../../support/hostileRunFolders.ts'
import { onlyRun } from '../../support/killedRuns.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run } from '../../support/runs.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const secret = 'precious-secret'
const token = `hf_${'Ab1'.repeat(11)}`

describe('hostile input of agents', function () {
  this.timeout(300_000)
  let place: Scratch
  let roots: Roots
  let ran: string[] = []
  let tried: string[] = []
  const host: ToolHost = {
    tryOut: async ({ models }) => void tried.push(...models),
    run: async ({ recipe }) => {
      ran.push(recipe)
      throw new Error('nothing is computed here')
    },
  }

  before(async function () {
    if (process.platform === 'win32')
      cannot(this, 'pipes, sockets and devices have no paths among the files of Windows')
    place = scratch()
    await writeTinyModel(place.path('in/model'))
    writeTinyIds(place.path('in/ids.safetensors'))
    for (const name of ['secret.txt', 'precious']) place.write(`outside/${name}`, secret)
    place.write('outside/model.safetensors', safetensors({ [secret]: f32([1, 1], [1]) }))
    place.write('outside/config.json', `{"model_type": "${secret}"}`)
    roots = await Roots.open([place.path('in')])
  })
  beforeEach(() => {
    ran = []
    tried = []
  })
  after(closeSockets)

  async function call(name: string, input: unknown): Promise<string> {
    const { text } = await callTool(name, input, { roots, host, say: () => undefined })
    assert.ok(Buffer.byteLength(text) <= mostBytes, `${name}: ${Buffer.byteLength(text)} bytes`)
    const said = `${name} ${JSON.stringify(input).slice(0, 300)}: ${text}`
    assert.ok(!text.includes(secret), said)
    assert.ok(!text.includes(token), said)
    assert.ok(!text.includes(place.folder), said)
    assert.doesNotMatch(text, /internal error/, said)
    return text
  }

  for (const [what, textOf] of hostileRecipes(rules))
    it(`a recipe of many ${what}`, async () => {
      for (const n of [3, 300]) {
        await call('explain_recipe', { recipe: 'x.prune.yaml', text: textOf(n) })
        await call('run_recipe', { recipe: `new/${n}.prune.yaml`, text: textOf(n) })
      }
      assert.ok(!existsSync(place.path('in/new')) && ran.length === 0)
    })

  it('recipes that name any place outside', async () => {
    const outside = '../outside/secret.txt'
    const recipes = [
      { model: '../outside' },
      { model: '/proc/self/environ' },
      { model: 'hf:a/b' },
      { model: 'model', calibration: { data: outside }, prune: [{ method: 'wanda' }] },
      { model: 'model', calibration: { data: ['ids.safetensors', outside] }, prune: [{ method: 'wanda' }] },
      { model: 'model', evaluate: [{ data: outside }] },
      { model: 'model', recover: { mode: 'merge', adapter: '../outside' } },
      { model: 'model', save: { to: '../outside/new' } },
    ]
    for (const recipe of recipes) {
      const text = JSON.stringify({ version: 1, ...recipe })
      assert.match(await call('explain_recipe', { recipe: 'x.prune.yaml', text }), /is not inside the folders/, text)
      assert.match(await call('run_recipe', { recipe: 'x.prune.yaml', text }), /is not inside the folders/, text)
    }
    const text = JSON.stringify({ version: 1, model: 'model', prune: [{ method: 'magnitude', sparsity: 0.5 }] })
    for (const setting of ['model=../outside', 'save.to=../outside/new', `evaluate=[{"data": "${outside}"}]`])
      assert.match(
        await call('run_recipe', { recipe: 'x.prune.yaml', text, settings: [setting] }),
        /is not inside the folders|expected|no place/,
        setting,
      )
    for (const recipe of ['../x.prune.yaml', `${place.folder}/x.prune.yaml`])
      assert.match(await call('run_recipe', { recipe, text }), /is not inside the folders/)
    mkdirSync(place.path('in/sub'))
    symlinkSync(place.path('outside'), place.path('in/sub/.sparsescope'))
    const beside = text.replace('"model":"model"', '"model":"../model"')
    assert.match(await call('run_recipe', { recipe: 'sub/x.prune.yaml', text: beside }), /is not inside the folders/)
    assert.deepEqual([ran, readdirSync(place.path('outside')).length], [[], 4])
  })

  it('paths that lead to no file', async () => {
    for (const ending of ['.safetensors', '.index.json', '.gguf', '.bin', '.prune.yaml', '']) {
      const folder = place.path('in', `paths${ending}`)
      mkdirSync(folder)
      for (const path of Object.values(await hostilePaths(folder, ending))) {
        await call('inspect_checkpoint', { path, statistics: true })
        await call('compare_checkpoints', { a: 'model', b: path })
        await call('suggest_recipe', { model: path })
        await call('suggest_recipe', { model: 'model', data: path, evaluate_on: path })
        await call('explain_recipe', { recipe: path })
        await call('run_recipe', { recipe: path })
        await call('generate_samples', { models: [path], prompts: ['a'] })
        await call('read_results', { runs: [path] })
      }
    }
    assert.deepEqual(ran, [])
    assert.ok(tried.every((path) => path.startsWith(roots.folders[0])))
  })

  it('checkpoints whose names are commands, tokens and paths, and whose files are links', async () => {
    const names = ['\u001b]0;gone\u0007', token, `${place.path('outside')}/x`, 'a'.repeat(10_000), '../../etc/passwd']
    const tensors = Object.fromEntries(names.map((name) => [name, f32([1, 2], [0, 1])]))
    place.write('in/names/model.safetensors', safetensors(tensors))
    place.write('in/names/config.json', JSON.stringify({ model_type: token }))
    const note = { recipe: { version: 1, model: place.path('outside'), save: { to: token } } }
    place.write('in/names/sparsescope.json', JSON.stringify(note))
    for (const tensor of [undefined, ...names]) {
      const text = await call('inspect_checkpoint', { path: 'names', statistics: true, tensor })
      assert.ok(!text.includes('\u001b') && !text.includes('\u0007'))
    }
    await call('inspect_checkpoint', { path: 'names', block: 0 })
    await call('suggest_recipe', { model: 'names' })
    await call('compare_checkpoints', { a: 'names', b: 'model' })
    for (const name of ['model.safetensors', 'config.json', 'tokenizer.json']) {
      const folder = place.path('in', `linked-${name}`)
      cpSync(place.path('in/model'), folder, { recursive: true, filter: (path) => basename(path) !== name })
      writeFileSync(join(folder, 'spare.txt'), '')
      symlinkSync(place.path('outside', name === 'tokenizer.json' ? 'secret.txt' : name), join(folder, name))
      for (const tool of ['inspect_checkpoint', 'suggest_recipe'])
        assert.match(
          await call(tool, { path: `linked-${name}`, model: `linked-${name}` }),
          /is not inside the folders|Unrecognized/,
        )
      assert.match(await call('inspect_checkpoint', { path: `linked-${name}` }), /is not inside the folders/)
    }
  })

  it('run folders of someone else', async () => {
    const backend = await openCpu({ threads: 2 })
    const recover = {
      mode: 'retrain',
      train: ['bias'],
      steps: 2,
      lr: 1e-3,
      data: 'ids.safetensors',
      samples: 4,
      seq_len: 16,
    }
    try {
      await run(backend, { recipe: place.recipe('in/a', tinyRecipe({ recover, save: { to: 'out' } })) })
    } finally {
      await backend.close()
    }
    const template = onlyRun(place.path('in')) ?? assert.fail('no run')
    const copies = place.path('in/.sparsescope/runs')
    // The cases are made for a run that goes on: it has state, which is made up here, and no page yet.
    for (const name of ['report.html', 'summary.json']) rmSync(join(template, name))
    for (const name of ['progress.json', 'training.safetensors', 'pruned-0000.safetensors'])
      place.write(join('in', relative(place.path('in'), template), 'state', name), '{}')
    for (const [i, { make }] of hostileRunFolders.entries()) {
      const copy = join(copies, `20260101-0000${String(i % 60).padStart(2, '0')}-case${i}`)
      cpSync(template, copy, { recursive: true })
      make(copy, place.path('outside'))
      await call('read_results', { runs: [basename(copy)] })
    }
    await call('read_results', {})
    symlinkSync(place.path('outside'), join(copies, '20260101-000000-link'))
    assert.doesNotMatch(await call('read_results', {}), /-link/)
  })

  it('input that is no tool’s, or of the wrong shape', async () => {
    assert.match(await call('../inspect', {}), /there is no tool/)
    for (const input of [
      null,
      7,
      [],
      { path: 7 },
      { path: '' },
      { path: 'model', block: -1 },
      { path: 'model', more: 1 },
    ])
      assert.match(await call('inspect_checkpoint', input), /^inspect_checkpoint/)
  })
})
