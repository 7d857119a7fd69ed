// evaluate --out and compare --task: the files of lm-evaluation-harness, written and read.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const data = (task: string) => fileURLToPath(new URL(`../../fixtures/zeroshot/data/${task}.jsonl`, import.meta.url))

describe('files of lm-evaluation-harness', () => {
  let folder: string
  let model: string
  const at = (...parts: string[]) => join(folder, ...parts)
  before(async () => {
    folder = scratch().folder
    model = at('model')
    await writeTinyModel(model, { ...smallOpt, vocab_size: 300, max_position_embeddings: 512 })
    writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(byteTokenizer()))
    writeFileSync(join(model, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<s>' }))
  })

  const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
  const linesOf = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  for (const task of ['arc_easy', 'lambada_openai'])
    it(`${task}: results and samples agree with what evaluate says`, async () => {
      const out = await cliJson(
        'evaluate',
        model,
        '--device',
        'cpu',
        '--task',
        task,
        '--data',
        data(task),
        '--limit',
        '6',
        '--out',
        at(task),
      )
      const files = readdirSync(at(task))
      // lm_eval.utils tells task and time by these names.
      assert.match(files[0], /^results_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}\.json$/)
      assert.match(files[1], new RegExp(`^samples_${task}_[\\dT.-]+\\.jsonl$`))
      const { results, 'n-samples': samples } = read(at(task, files[0])) as Record<
        string,
        Record<string, Record<string, unknown>>
      >
      assert.equal(results[task]['acc,none'], out.acc)
      assert.equal(results[task]['acc_stderr,none'], out.stderr)
      assert.equal(results[task]['acc_norm,none'] ?? null, out.acc_norm)
      assert.equal(samples[task].effective, 6)
      const lines = linesOf(at(task, files[1]))
      assert.deepEqual(
        lines.map((line) => line.doc_id),
        [0, 1, 2, 3, 4, 5],
      )
      const mean = (name: string) => lines.reduce((sum, line) => sum + Number(line[name]), 0) / lines.length
      assert.equal(mean('acc'), out.acc)
      if (out.acc_norm !== null) assert.equal(mean('acc_norm'), out.acc_norm)
      for (const { doc, resps, filtered_resps: answers, arguments: asked, filter, metrics } of lines) {
        assert.equal(typeof doc, 'object')
        assert.deepEqual(
          resps,
          (answers as unknown[]).map((answer) => [answer]),
        )
        assert.equal(Object.keys(asked as object).length, (answers as unknown[]).length)
        assert.deepEqual([filter, (metrics as string[]).includes('acc')], ['none', true])
      }
    })

  it('compare --task counts the questions that only one has right, and reads what the harness itself wrote', async () => {
    const [file] = readdirSync(at('arc_easy')).filter((name) => name.startsWith('samples'))
    const own = linesOf(at('arc_easy', file))
    // As lm_eval writes: in a folder of the model's name, acc as a number with a point, an older file beside it.
    const theirs = at('lm-eval', 'EleutherAI__pythia')
    mkdirSync(theirs, { recursive: true })
    const flipped = own.map((line) => ({
      ...line,
      acc: line.doc_id === 1 || line.doc_id === 4 ? 1 - Number(line.acc) : line.acc,
    }))
    writeFileSync(join(theirs, 'samples_arc_easy_2026-01-01T00-00-00.000001.jsonl'), 'not this one\n')
    writeFileSync(
      join(theirs, 'samples_arc_easy_2026-02-01T00-00-00.000001.jsonl'),
      flipped.map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
    writeFileSync(join(theirs, 'samples_arc_easy_hard_2026-03-01T00-00-00.000001.jsonl'), 'another task\n')
    const found = await cliJson('compare', at('arc_easy'), at('lm-eval'), '--task', 'arc_easy')
    const rows = found.rows as { doc_id: number; a: boolean; b: boolean }[]
    assert.deepEqual(
      rows.filter(({ a, b }) => a !== b).map(({ doc_id: id }) => id),
      [1, 4],
    )
    const { both, only_a: onlyA, only_b: onlyB, neither, p } = found as Record<string, number>
    assert.deepEqual([both + onlyA + onlyB + neither, onlyA + onlyB], [6, 2])
    assert.equal(p, onlyA === 1 ? 1 : 0.5)
    // A has rows 0 to 5, B has rows 2 to 6: three are of one only.
    const beyond = [...own.slice(2), { ...own[0], doc_id: 6 }].map((line) => JSON.stringify(line)).join('\n')
    writeFileSync(at('beyond.jsonl'), beyond)
    const { stdout } = await cli('compare', at('arc_easy'), at('beyond.jsonl'), '--task', 'arc_easy')
    assert.match(stdout, /3 rows of only one of them left out/)
    writeFileSync(at('other.jsonl'), JSON.stringify({ ...own[0], doc_hash: 'another' }))
    const refused = await cli('compare', at('arc_easy'), at('other.jsonl'), '--task', 'arc_easy')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /row 0 is another question/)
    const missing = await cli('compare', model, at('arc_easy'), '--task', 'arc_easy')
    assert.equal(missing.status, 2)
    assert.match(missing.stderr, /has neither a run's report\.json nor a samples_arc_easy_….jsonl/)
  })

  it('rows are the same question in Parquet and in lines of JSON', async () => {
    const evaluate = (path: string, out: string) =>
      cliJson('evaluate', model, '--device', 'cpu', '--task', 'arc_easy', '--data', path, '--limit', '6', '--out', out)
    await evaluate(data('arc_easy').replace(/jsonl$/, 'parquet'), at('parquet'))
    const rowsIn = (name: string) => {
      const [file] = readdirSync(at(name)).filter((one) => one.startsWith('samples'))
      return linesOf(at(name, file)).map(({ doc, doc_hash: hash }) => ({ doc, hash }))
    }
    assert.deepEqual(rowsIn('parquet'), rowsIn('arc_easy'))
    const { both, neither } = await cliJson('compare', at('parquet'), at('arc_easy'), '--task', 'arc_easy')
    assert.equal(Number(both) + Number(neither), 6)
  })

  it('evaluate.out of a recipe writes them for each stage; runs are compared by their folders', async () => {
    const recipe = {
      version: 1,
      model: 'model',
      prune: [{ method: 'magnitude', sparsity: 0.9 }],
      evaluate: [{ task: 'arc_easy', data: data('arc_easy'), limit: 6, at: ['dense', 'pruned'], out: 'measured' }],
      save: { to: 'pruned' },
    }
    writeFileSync(at('r.prune.yaml'), JSON.stringify(recipe))
    const report = await cliJson('run', at('r.prune.yaml'), '--device', 'cpu')
    const evaluations = report.evaluations as { stage: string; acc: number }[]
    for (const { stage, acc } of evaluations) {
      const [samples] = readdirSync(at('measured', stage)).filter((name) => name.startsWith('samples'))
      const lines = linesOf(at('measured', stage, samples))
      assert.equal(lines.reduce((sum, line) => sum + Number(line.acc), 0) / 6, acc)
    }
    const found = await cliJson('compare', String(report.run), at('measured', 'pruned'), '--task', 'arc_easy')
    assert.deepEqual([found.only_a, found.only_b, found.p], [0, 0, 1])
  })
})
