import assert from 'node:assert/strict'
import {
  appendFileSync,
  cpSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { dataFacts } from '../../../src/engine/facts/dataFacts.ts'
import { gatherFacts, lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { modelFacts } from '../../../src/engine/facts/modelFacts.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { isNetworkPath } from '../../../src/engine/checkpoint/regularFile.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'
import { goldenPath } from '../../support/shared.ts'

describe('facts about files', () => {
  let temp: Scratch
  let opt: string
  before(function () {
    const found = goldenPath('opt')
    opt = found
  })
  beforeEach(() => (temp = scratch()))
  const line = (value: object) => `${JSON.stringify(value)}\n`

  it('have no problem for a good model, and its linears in model order', async () => {
    const { problems, modules, modelConfig } = await modelFacts(opt)
    assert.deepEqual(problems, [])
    assert.equal(modelConfig?.numBlocks, 2)
    const linears = modules.filter((m) => m.kind === 'linear')
    assert.equal(linears.length, 12)
    assert.equal(linears[0].name, 'model.decoder.layers.0.self_attn.q_proj')
  })

  it('are gathered of no path on a share, and lint says so as an error', async function () {
    // Elsewhere such a name is a file's like any other: here it is a whole model, a text and an adapter.
    if (process.platform === 'win32') cannot(this, 'a share would be asked for')
    const share = String.raw`\\server\share`
    cpSync(opt, temp.path(share), { recursive: true })
    temp.write(`${share}.jsonl`, line({ text: 'a '.repeat(1000) }))
    const text = [
      `model: '${share}'`,
      'prune: [{method: wanda, sparsity: 0.5}]',
      `calibration: {data: '${share}.jsonl', samples: 1, seq_len: 8}`,
      `recover: {mode: merge, adapter: '${share}'}`,
      "save: {to: '\\\\server\\out'}",
    ].join('\n')
    const { findings, facts } = await lintText(text, { folder: temp.path('.') })
    const errors = findings.filter(({ severity }) => severity === 'error')
    const said = errors.filter(({ message }) => /is on a share of another machine.*map the share/.test(message))
    assert.deepEqual(
      said.map(({ rule }) => rule),
      ['C1', 'M7', 'R14'],
    )
    assert.deepEqual([facts?.model?.modules, facts?.data.get(`${share}.jsonl`)?.bytes], [[], 0])
    assert.equal(facts?.output, null)
  })

  it('recognise a share by two backslashes, and on Windows by two slashes of any kind', () => {
    const others = ['//server/share', String.raw`/\server`, String.raw`\/server`]
    for (const platform of ['win32', 'linux'] as const) {
      assert.ok(isNetworkPath(String.raw`\\server\share`, platform))
      assert.ok(isNetworkPath(String.raw`\\?\UNC\server`, platform))
      for (const path of others) assert.equal(isNetworkPath(path, platform), platform === 'win32', path)
      for (const path of ['hf:org/name', './a', 'C:/a', String.raw`C:\a`, '/a', String.raw`\a`])
        assert.ok(!isNetworkPath(path, platform), path)
    }
  })

  it('are remembered until a file changes', async () => {
    const model = temp.path('model')
    cpSync(opt, model, { recursive: true })
    const first = await modelFacts(model)
    assert.equal(await modelFacts(model), first)
    writeFileSync(join(model, 'sparsescope.mask'), 'x')
    const masked = await modelFacts(model)
    assert.deepEqual([first.masked, masked.masked], [false, true])
    const config = join(model, 'config.json')
    writeFileSync(config, '{"model_type": "bert"}')
    utimesSync(config, 5, 5)
    assert.deepEqual(
      (await modelFacts(model)).problems.map((p) => p.rule),
      ['unknown-family'],
    )
    rmSync(model, { recursive: true })
    assert.deepEqual(
      (await modelFacts(model)).problems.map((p) => p.rule),
      ['model-missing'],
    )
  })

  it('give a rule by what is wrong, not by how it is said', async () => {
    const ruleOf = async (path: string) => (await modelFacts(path)).problems.map((p) => p.rule)
    const model = temp.path('pickle gguf') // Names of formats in a path mean nothing.
    temp.write('pickle gguf/config.json', readFileSync(join(opt, 'config.json'), 'utf8'))
    assert.deepEqual(await ruleOf(model), ['model-missing'])
    temp.write('pickle gguf/model.safetensors', new Uint8Array(64).fill(1))
    assert.deepEqual(await ruleOf(model), ['damaged-weights'])
    for (const other of ['version https://git-lfs.github.com/spec/v1\n', 'PK\x03\x04....', 'GGUF\x03\0\0\0....']) {
      temp.write('pickle gguf/model.safetensors', other)
      assert.deepEqual(await ruleOf(model), ['unsafe-weights'], other)
    }
    rmSync(join(model, 'model.safetensors'))
    for (const file of ['model.gguf', 'pytorch_model.bin']) {
      temp.write(`pickle gguf/${file}`, 'x')
      assert.deepEqual(await ruleOf(model), ['unsafe-weights'], file)
      rmSync(join(model, file))
    }
  })

  it('are the same in lint and run for a shape that config.json does not mean', async () => {
    const model = temp.path('model')
    cpSync(opt, model, { recursive: true })
    const config = JSON.parse(readFileSync(join(opt, 'config.json'), 'utf8')) as { vocab_size: number }
    writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, vocab_size: config.vocab_size + 1 }))
    const [{ rule, message }] = (await modelFacts(model)).problems
    assert.equal(rule, 'config-mismatch')
    const checkpoint = await openCheckpoint(model)
    assert.throws(() => openModel(checkpoint), { code: 'bad-checkpoint', message })
    await checkpoint.close()
  })

  it('have the sparsity of modules from the report of an earlier run', async () => {
    const model = temp.path('model')
    cpSync(opt, model, { recursive: true })
    const name = 'model.decoder.layers.0.fc1'
    const tensors = { [`${name}.weight`]: { zeros: 5, sparsity: 0.5 }, odd: 3 }
    writeFileSync(join(model, 'sparsescope.json'), JSON.stringify({ format: 1, tensors }))
    assert.deepEqual((await modelFacts(model)).sparsities, new Map([[name, 0.5]]))
  })

  it('count added tokens in the largest id of a tokenizer', async () => {
    const model = temp.path('model')
    cpSync(opt, model, { recursive: true })
    const tokenizer = { model: { vocab: { a: 0, b: 7 } }, added_tokens: [{ id: 900 }] }
    writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(tokenizer))
    const found = async () => {
      const { present, largestId } = (await modelFacts(model)).tokenizer
      return { present, largestId }
    }
    assert.deepEqual(await found(), { present: true, largestId: 900 })
    writeFileSync(join(model, 'tokenizer.json'), 'no JSON')
    assert.deepEqual(await found(), { present: true, largestId: null })
  })

  it('have the fields, the number and the longest of lines', async () => {
    const text = line({ text: 'a', n: 1, title: 't' }) + line({ text: 'much longer' })
    const facts = await dataFacts(temp.write('a.jsonl', text))
    assert.deepEqual(
      [facts.kind, facts.fields, facts.documents, facts.longestDocument],
      ['lines', ['text', 'title'], 2, 30],
    )
    const zipped = await dataFacts(temp.write('a.jsonl.gz', gzipSync(text)))
    assert.deepEqual([zipped.fields, zipped.documents], [['text', 'title'], null])
  })

  it('have the shapes of a file of ids', async () => {
    const facts = await dataFacts(join(opt, 'prune', 'calib.safetensors'))
    assert.deepEqual([facts.kind, facts.fields, facts.shapes.get('calib_ids')], ['ids', ['calib_ids'], [16, 16]])
  })

  it('leave a table unread whose footer would fill the memory', async () => {
    const path = temp.write('x.parquet', 'PAR1')
    truncateSync(path, 2 ** 30)
    const end = Buffer.alloc(8, 'PAR1', 'latin1')
    end.writeUInt32LE(2 ** 29)
    appendFileSync(path, end)
    assert.match((await dataFacts(path)).problem ?? '', /^it names bytes \d+ to \d+ of \d+$/)
  })

  it('say why a file cannot be read', async () => {
    const problem = async (name: string, text: string) => (await dataFacts(temp.write(name, text))).problem
    assert.match((await problem('a.csv', 'x')) ?? '', /format is unknown/)
    assert.match((await problem('a.txt', '')) ?? '', /empty/)
    assert.match((await problem('a.jsonl', 'not json\n')) ?? '', /not JSON/)
    assert.match((await problem('a.parquet', 'not parquet at all')) ?? '', /./)
    assert.match((await problem('a.safetensors', 'nothing')) ?? '', /./)
    assert.match((await problem('a.jsonl.gz', 'not gzip')) ?? '', /./)
    assert.equal((await dataFacts(temp.path('gone.txt'))).exists, false)
  })

  it('find the model in an output path with another spelling', async () => {
    cpSync(opt, temp.path('model'), { recursive: true })
    const recipe = recipeSchema.parse({ version: 1, model: 'model', save: { to: '../model' } })
    const resolved = resolveRecipe({ ...recipe, save: { to: 'x/../model/.' } })
    const { output, machine } = await gatherFacts(resolved, { folder: temp.folder })
    assert.deepEqual(output, { exists: true, overlap: 'same' })
    assert.ok((machine?.freeDiskBytes ?? 0) > 0 && (machine?.memoryBytes ?? 0) > 0)
  })

  it('find an output inside or around the model through a link, before it exists', async () => {
    cpSync(opt, temp.path('models', 'opt'), { recursive: true })
    symlinkSync(temp.path('models', 'opt'), temp.path('link'))
    const overlap = async (model: string, to: string) => {
      const recipe = recipeSchema.parse({ version: 1, model, save: { to } })
      return (await gatherFacts(resolveRecipe(recipe), { folder: temp.folder })).output?.overlap
    }
    assert.equal(await overlap('models/opt', 'link/a/b'), 'inside')
    assert.equal(await overlap('link/model.safetensors', 'models/opt/out'), 'inside')
    assert.equal(await overlap('link', 'models'), 'around')
    assert.equal(await overlap('link', 'models/opt-out'), null)
  })
})

describe('paths that cannot be', () => {
  const paths = ['"a\\0b"', 'x'.repeat(5000), '/dev/zero', '/', '"\\ud800"', '""', 'file:///x']
  for (const path of paths) {
    it(`${JSON.stringify(path).slice(0, 20)} is a finding, not a crash`, async () => {
      const text = `version: 1\nmodel: ${path}\nprune: [{method: wanda}]\ncalibration: {data: ${path}, seq_len: 8}\nsave: {to: ${path}}\n`
      const { findings } = await lintText(text, { folder: '/' })
      assert.ok(findings.some((f) => f.severity === 'error'))
    })
  }
})
