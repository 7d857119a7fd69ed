// What the tools of agents answer.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { callTool } from '../../../src/agents/callTool.ts'
import { prepareRun } from '../../../src/agents/prepareRun.ts'
import { mostBytes } from '../../../src/agents/resultText.ts'
import { Roots } from '../../../src/agents/roots.ts'
import type { ToolHost } from '../../../src/agents/tool.ts'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { goldenPath } from '../../support/shared.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const samples = new URL('../../../samples', import.meta.url).pathname

describe('tools of agents', function () {
  this.timeout(60_000)
  let place: Scratch
  let roots: Roots
  let said: string[] = []
  const host: ToolHost = {
    async tryOut({ models, prompts }, onProgress) {
      for (const [column] of models.entries())
        for (const [prompt] of prompts.entries()) {
          const token = { id: 1, piece: ` text ${column}${prompt}`, logProbability: -1, alternatives: [] }
          if (column === 1) onProgress({ type: 'failed', column, message: 'no tokenizer' })
          else onProgress({ type: 'token', column, prompt, token })
          onProgress({ type: 'judged', column, prompt, logProbabilities: [-1, -2] })
        }
    },
    run: 'not here',
  }

  before(async () => {
    place = scratch()
    cpSync(samples, place.folder, { recursive: true, filter: (path) => !/make|\.sparsescope/.test(path) })
    roots = await Roots.open([place.folder])
  })
  beforeEach(() => (said = []))

  async function call(name: string, input: object): Promise<string> {
    const { text, isError } = await callTool(name, input, { roots, host, say: (line) => said.push(line) })
    assert.ok(Buffer.byteLength(text) <= mostBytes)
    return isError ? `error: ${text}` : text
  }

  describe('suggest_recipe', () => {
    /** The recipe of an answer. */
    const recipeIn = (text: string) => /^# (\S+)\n([^]*)\nWhy:\n/.exec(text)?.[2] ?? assert.fail(text)
    async function isClean(text: string) {
      const { findings } = await lintText(recipeIn(text), { folder: place.folder })
      const told = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
      assert.deepEqual(told, [])
      assert.match(text, /\nIt lints clean\.$/)
    }
    const targets = [
      {},
      { sparsity: 0.3 },
      { sparsity: 0.6 },
      { sparsity: 0.75 },
      { pattern: '2:4' },
      { pattern: '4:8' },
    ]
    for (const model of ['opt', 'llama'])
      for (const target of [...targets, { size: '3MB' }, { minutes: 0.01 }, { minutes: 1 }, { minutes: 100 }])
        it(`lints clean: ${model} ${JSON.stringify(target)}`, async () =>
          isClean(await call('suggest_recipe', { model, ...target })))

    it('takes the best preset where there is time, a shorter one where there is not, and says what was measured', async () => {
      const long = await call('suggest_recipe', { model: 'opt', minutes: 1000 })
      assert.match(recipeIn(long), /mode: reconstruct[^]*mode: retrain/)
      assert.match(
        long,
        /Recovery \(reconstruct, 264 steps at 0\.002; then retrain, 264 steps at 0\.002\): 63\.05 on text of the same kind/,
      )
      assert.match(recipeIn(await call('suggest_recipe', { model: 'opt' })), /recover:\n {2}mode: retrain/)
      const short = await call('suggest_recipe', { model: 'opt', minutes: 0.01 })
      assert.match(recipeIn(short), /mode: refit[^]*/)
      assert.match(short, /more than the 0\.01 min/)
    })

    it('prunes to a size by what sparse formats store, and says that the saved folder is no smaller', async () => {
      const text = await call('suggest_recipe', { model: 'opt', size: '3MB' })
      // 3.83 MB, of which 3.15 MB are linears of 1,572,864 weights: one bit each is 0.2 MB.
      assert.match(text, /sparsity: 0\.33[^]*stays at 3\.83 MB/)
      assert.match(await call('suggest_recipe', { model: 'opt', size: '8GB' }), /^error: .*fits 8GB as it is/)
      assert.match(await call('suggest_recipe', { model: 'opt', size: '1kB' }), /^error: 1kB is out of reach/)
      assert.match(await call('suggest_recipe', { model: 'opt', size: 'small' }), /^error: size small is not a size/)
    })

    it('uses the texts that are named, in the folder of the recipe', async () => {
      cpSync(place.path('text/evaluation.txt'), place.path('text/another.txt'))
      const given = { data: 'text/train.jsonl', evaluate_on: 'text/evaluation.txt', evaluate_other: 'text/another.txt' }
      const text = recipeIn(await call('suggest_recipe', { model: 'opt', ...given }))
      const files = [...text.matchAll(/data: (\S+)/g)].map(([, file]) => file.replace('./text/', ''))
      assert.deepEqual(files, ['train.jsonl', 'train.jsonl', 'evaluation.txt', 'another.txt'])
      rmSync(place.path('text/another.txt'))
      assert.match(
        await call('suggest_recipe', { model: 'opt', data: 'no.txt' }),
        /^error: no\.txt: there is no such file/,
      )
    })

    it('takes windows of ids as long as they are', async () => {
      cpSync(goldenPath('opt', 'prune', 'calib.safetensors'), place.path('ids.safetensors'))
      const text = recipeIn(
        await call('suggest_recipe', { model: 'opt', data: 'ids.safetensors', evaluate_on: 'ids.safetensors' }),
      )
      assert.deepEqual(new Set(text.match(/seq_len: \d+/g)), new Set(['seq_len: 16']))
    })

    it('needs no text, and says what that costs', async () => {
      cpSync(place.path('opt'), place.path('alone/opt'), { recursive: true })
      const text = await call('suggest_recipe', { model: 'alone/opt' })
      assert.match(text, /method: magnitude[^]*No text was found/)
      rmSync(place.path('alone'), { recursive: true })
    })

    it('refuses a model that is pruned already, one that cannot be used, and two targets at once', async () => {
      cpSync(place.path('opt'), place.path('pruned'), { recursive: true })
      place.write(
        'pruned/sparsescope.json',
        '{"tensors": {"model.decoder.layers.0.fc1.weight": {"zeros": 1, "sparsity": 0.5}}}',
      )
      assert.match(await call('suggest_recipe', { model: 'pruned' }), /^error: pruned is pruned already/)
      mkdirSync(place.path('empty'))
      assert.match(await call('suggest_recipe', { model: 'empty' }), /^error: /)
      assert.match(
        await call('suggest_recipe', { model: 'opt', sparsity: 0.5, size: '3MB' }),
        /^error: .*give one of them/,
      )
      assert.match(await call('suggest_recipe', { model: 'opt', pattern: 'half' }), /^error: pattern half is not valid/)
    })
  })

  describe('inspect_checkpoint', () => {
    it('summarises a model of 10,000 tensors in 4 kB, and gives each block and tensor on request', async () => {
      const names = Array.from({ length: 10_000 }, (_, i) => `model.layers.${i >> 2}.mlp.${'abcd'[i & 3]}.weight`)
      const tensors = Object.fromEntries(names.map((name, i) => [name, f32([1, 2], [i % 2, 1])]))
      place.write('many/model.safetensors', safetensors(tensors))
      const text = await call('inspect_checkpoint', { path: 'many' })
      assert.match(text, /10,000 tensors/)
      assert.equal((await call('inspect_checkpoint', { path: 'many', block: 7 })).split('\n').length, 5)
      assert.match(
        await call('inspect_checkpoint', { path: 'many', block: 9999 }),
        /There is no block 9999; there are 2500/,
      )
      assert.match(await call('inspect_checkpoint', { path: 'many', tensor: names[8] }), /zeros +1 \(50\.00 %\)/)
      const long = await call('inspect_checkpoint', { path: 'many', statistics: true })
      const [, next] = /from_line: (\d+) has the rest/.exec(long) ?? []
      assert.ok(said.length > 0)
      said = []
      const more = await call('inspect_checkpoint', { path: 'many', statistics: true, from_line: Number(next) })
      assert.match(more, new RegExp(`lines ${next} to \\d+ of`))
      assert.deepEqual(said, [], 'the weights are read once')
    })

    it('reads weights only on request, and says so', async () => {
      assert.match(await call('inspect_checkpoint', { path: 'opt' }), /Weights were not read/)
      assert.deepEqual(said, [])
      const text = await call('inspect_checkpoint', { path: 'opt', statistics: true })
      assert.match(text, /sparsity of the block linears[^]*linears of block[^]*linears of module/)
    })
  })

  it('explain_recipe gives findings with their fixes, and no plan for an invalid recipe', async () => {
    const text = 'version: 1\nmodel: ./opt\nprune: [{method: wanda, sparsity: 50}]\n'
    const explained = await call('explain_recipe', { recipe: 'x.prune.yaml', text })
    assert.match(explained, /x\.prune\.yaml:3:\d+ error [^]*\n {2}fix: /)
    assert.match(await call('explain_recipe', { recipe: 'x.prune.yaml', text: ': [' }), /^\d+ findings?:/)
    assert.match(await call('explain_recipe', { recipe: 'none.prune.yaml' }), /^error: /)
  })

  it('run_recipe writes a text only under the name of a recipe, never over a file, and not where it may not run', async () => {
    const text =
      'version: 1\nmodel: ./llama\nprune: [{method: magnitude, sparsity: 0.5}]\nsave: {to: ./out, format: gguf}\n'
    const asked = async (input: object) => {
      const { summary } = await prepareRun(input as never, roots, false)
      return summary
    }
    await assert.rejects(asked({ recipe: '.vscode/tasks.json', text }), /must end in \.prune\.yaml/)
    await assert.rejects(asked({ recipe: 'opt-list.prune.yaml', text }), /exists already/)
    await assert.rejects(asked({ recipe: 'x.prune.yaml', text: text.replace('0.5', '50') }), /x\.prune\.yaml/)
    assert.match(
      await asked({ recipe: 'x.prune.yaml', text, settings: ['seed=3'] }),
      /^Runs x\.prune\.yaml on \.\/llama with seed=3\.\nWrites the recipe, \.\/out, \.\/out\.gguf, a run folder[^]*: about [\d.]+ MB[^]*about \d+ s and about [\d.]+ MB of memory/,
    )
    assert.equal(await call('run_recipe', { recipe: 'x.prune.yaml', text }), 'error: not here')
    assert.ok(!existsSync(place.path('x.prune.yaml')))
  })

  it('generate_samples shows texts by prompt, their likelihood under the first model, and why a model has no text', async () => {
    const text = await call('generate_samples', { models: ['opt', 'llama'], prompts: ['One', 'Two'] })
    assert.match(
      text,
      /^Prompt: One\nopt \(log probability -1\.5 a token, by the first\): text 00\nllama.*: no tokenizer\n\nPrompt: Two\n/,
    )
  })
})
