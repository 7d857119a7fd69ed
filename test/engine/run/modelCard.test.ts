import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { modelCard, writeModelCard } from '../../../src/engine/run/origin/modelCard.ts'
import { parseNote, readNote, hubName } from '../../../src/engine/run/origin/note.ts'
import { writeBitmaskFolder } from '../../support/bitmaskFolder.ts'
import { cliJson } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

describe('a model card', () => {
  let place: Scratch
  const path = (...parts: string[]) => place.path(...parts)
  const recipe = (name: string, save: object, samples?: number) => {
    const measured = { data: 'ids.safetensors', at: ['dense', 'pruned'], samples }
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    return place.recipe(name, { version: 1, model: './model', prune, evaluate: [measured], save })
  }
  before(async () => {
    place = scratch()
    await writeTinyModel(path('model'))
    writeTinyIds(path('ids.safetensors'))
    writeFileSync(path('model', 'README.md'), '# The source’s own card\n')
    await cliJson('run', recipe('card', { to: 'out', card: true }, 2), '--device', 'cpu')
    await cliJson('run', recipe('plain', { to: 'plain' }), '--device', 'cpu')
  })

  const frontMatter = (card: string) => {
    const [, head] = /^---\n(.*?)\n---\n/s.exec(card) ?? []
    return parse(head) as Record<string, unknown>
  }

  it('is written where the recipe asks for it, in place of the source’s, which stays as it was', () => {
    const card = readFileSync(path('out', 'README.md'), 'utf8')
    const head = frontMatter(card)
    deepEqual(head.tags, ['sparsescope', 'sparse', 'pruned', 'magnitude'])
    equal(head.pipeline_tag, 'text-generation')
    equal(head.base_model, undefined)
    const [{ name, results }] = head['model-index'] as {
      name: string
      results: { metrics: { name: string; value: number }[] }[]
    }[]
    const report = JSON.parse(readFileSync(path('out', 'sparsescope.json'), 'utf8')) as {
      evaluations: { stage: string; perplexity: number }[]
    }
    const pruned = report.evaluations.find(({ stage }) => stage === 'pruned')
    equal(name, 'out')
    equal(results[0].metrics[0].value, pruned?.perplexity)
    equal(results[0].metrics[0].name, 'perplexity, the first 2 windows of 16 tokens')
    match(card, /\| {2}\| dense \| pruned \|\n/)
    match(card, /- Perplexity on ids.safetensors: the first 2 windows of 16 tokens/)
    match(card, /zeros in the pruned matrices \| 50\.00 %/)
    match(card, /from_pretrained\("out"\)/)
    match(card, /```yaml\nversion: 1\n/)
    equal(readFileSync(path('model', 'README.md'), 'utf8'), '# The source’s own card\n')
  })

  it('names a perplexity by all that decides its tokens', () => {
    const note = JSON.parse(readFileSync(path('out', 'sparsescope.json'), 'utf8')) as { recipe: object }
    const nameOf = (settings: object) => {
      const evaluate = [{ data: 'chats.jsonl', seq_len: 64, samples: 4, ...settings }]
      const evaluations = [{ stage: 'pruned', entry: 0, task: 'perplexity', seq_len: 64, perplexity: 20 }]
      const json = JSON.stringify({ ...note, recipe: { ...note.recipe, evaluate }, evaluations })
      const [{ results }] = frontMatter(modelCard(parseNote(json, 'out')))['model-index'] as {
        results: { metrics: { name: string }[] }[]
      }[]
      return results[0].metrics[0].name
    }
    equal(nameOf({ stride: 16 }), 'perplexity, the first 256 tokens in windows of 64 tokens that begin every 16 tokens')
    equal(nameOf({ loss_on: 'assistant' }), "perplexity of the assistant's tokens, the first 4 windows of 64 tokens")
    equal(nameOf({ samples: undefined }), 'perplexity, windows of 64 tokens')
  })

  it('shows the closed share of the gap beside its text', () => {
    const note = JSON.parse(readFileSync(path('out', 'sparsescope.json'), 'utf8')) as { evaluations: object[] }
    const stages = ['dense', 'pruned', 'recovered']
    const on = (field: string, entry: number, values: number[]) =>
      values.map((perplexity, i) => ({
        stage: stages[i],
        entry,
        task: 'perplexity',
        data: 'ids.safetensors',
        field,
        perplexity,
      }))
    const evaluations = [...on('brown', 0, [20, 60, 30]), ...on('wiki', 1, [10, 20, 18])]
    const card = modelCard(parseNote(JSON.stringify({ ...note, evaluations }), 'out'))
    match(card, /\| dense \| pruned \| recovered \| gap closed \|/)
    match(
      card,
      /\| Perplexity on ids\.safetensors: brown \| 20 \| 60 \| 30 \| 75 % \|\n.*: wiki \| 10 \| 20 \| 18 \| 20 % \|/,
    )
  })

  it('is written on demand afterwards, never over an existing one', async () => {
    // Carried over from the source.
    await rejects(writeModelCard(path('plain')), { code: 'exists', message: /README\.md is there already/ })
    equal(readFileSync(path('plain', 'README.md'), 'utf8'), '# The source’s own card\n')
    rmSync(path('plain', 'README.md'))
    const { file } = await writeModelCard(path('plain'))
    match(readFileSync(file, 'utf8'), /^---\n[^]*# plain\n/)
    await rejects(writeModelCard(path('model')), { code: 'not-found', message: /no record of how it was made/ })
  })

  it('says dense for a bitmask that was expanded', async () => {
    await writeBitmaskFolder(path('plain'), path('bits'))
    const note = JSON.parse(readFileSync(path('bits', 'sparsescope.json'), 'utf8')) as { recipe: { save: object } }
    Object.assign(note.recipe.save, { format: 'bitmask' })
    writeFileSync(path('bits', 'sparsescope.json'), JSON.stringify(note))
    equal(await readNote(path('bits')), null)
    await cliJson('expand', path('bits'), path('dense'))
    equal((await readNote(path('dense')))?.recipe.save?.format, 'dense')
  })

  it('names a base model of the Hub in the metadata', () => {
    equal(hubName('hf:org/name@main'), 'org/name')
    equal(hubName('/c/models--org--name/snapshots/0123'), 'org/name')
    equal(hubName('../opt-125m'), null)
    equal(hubName('hf:a/b\nc'), null)
    const json = readFileSync(path('out', 'sparsescope.json'), 'utf8').replace(
      '"model": "model"',
      '"model": "hf:org/name"',
    )
    const card = modelCard(parseNote(json, 'out'))
    equal(frontMatter(card).base_model, 'org/name')
    match(card, /\[org\/name\]\(https:\/\/huggingface.co\/org\/name\)/)
  })

  it('loads a text model beside a vision tower as the whole', () => {
    const json = readFileSync(path('out', 'sparsescope.json'), 'utf8')
    match(modelCard(parseNote(json, 'out')), /AutoModelForCausalLM\.from_pretrained/)
    const note = JSON.parse(json) as { tensors: Record<string, unknown> }
    const tensors = Object.entries(note.tensors).map(([name, one]) => [`language_model.model.${name}`, one] as const)
    const card = modelCard(parseNote(JSON.stringify({ ...note, tensors: Object.fromEntries(tensors) }), 'out'))
    match(card, /AutoModelForImageTextToText\.from_pretrained/)
    equal(frontMatter(card).pipeline_tag, 'image-text-to-text')
  })

  it('is refused for a note that is not ours; hostile text stays text', async () => {
    mkdirSync(path('foreign'))
    for (const text of ['', '[]', '{"recipe": {"version": 1}}']) {
      writeFileSync(path('foreign', 'sparsescope.json'), text)
      equal(await readNote(path('foreign')), null)
    }
    throws(() => parseNote('{}', 'x'), { code: 'bad-data' })
    const note = JSON.parse(readFileSync(path('out', 'sparsescope.json'), 'utf8')) as { recipe: { model: string } }
    note.recipe.model = '`</code><script>\n---\nx: y'
    const card = modelCard(parseNote(JSON.stringify(note), '<b>|*'))
    match(card, /# \\<b\\>\\\|\\\*\n/)
    ok(!/^---\nx: y/m.test(card.split('\n---\n').slice(2).join('\n---\n').split('## Recipe')[0]))
  })
})
