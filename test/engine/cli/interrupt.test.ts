// Ctrl-C in the middle of work that nothing interrupts but the end of its thread: exit code 130, and nothing is left.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import threads from 'node:worker_threads'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cliUntil, entry } from '../../support/cli.ts'
import { filesBelow, onlyRun } from '../../support/killedRuns.ts'
import { parquetOfTexts } from '../../support/parquet.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { fileBytes } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const hook = pathToFileURL(fileURLToPath(new URL('../../support/interruptAt.mjs', import.meta.url))).href

describe('Ctrl-C', function () {
  this.timeout(300_000)
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  /** The signal comes from within, at a moment that is certain (interruptAt.mjs). */
  function interrupted(moment: string, ...args: string[]): void {
    const before = Object.keys(filesBelow(temp.folder, () => false))
    const { status, stderr } = spawnSync(process.execPath, ['--import', hook, entry, ...args], {
      cwd: temp.folder,
      encoding: 'utf8',
      env: { ...process.env, INTERRUPT_AT: moment },
    })
    assert.equal(status, 130, stderr)
    assert.match(stderr, /^sparsescope: cancelled.*\n$/)
    assert.deepEqual(Object.keys(filesBelow(temp.folder, () => false)), before)
  }

  /** The same in this process: a command that waited for its thread would have no end, as nothing makes the process leave. */
  async function interruptedHere(thread: string, ...args: string[]): Promise<void> {
    const before = Object.keys(filesBelow(temp.folder, () => false))
    const abort = new AbortController()
    const { Worker } = threads
    threads.Worker = class extends Worker {
      constructor(file: string | URL, options?: threads.WorkerOptions) {
        super(file, options)
        if (String(file).includes(`/${thread}.`)) this.once('online', () => abort.abort())
      }
    }
    syncBuiltinESMExports()
    try {
      const { status, stderr } = await cliUntil(abort.signal, temp.folder, ...args)
      assert.equal(status, 130, stderr)
      assert.match(stderr, /^(sparsescope: cancelled.*\n)?$/)
    } finally {
      threads.Worker = Worker
      syncBuiltinESMExports()
    }
    assert.deepEqual(Object.keys(filesBelow(temp.folder, () => false)), before)
  }

  async function model(tokenizer: object = byteTokenizer()): Promise<void> {
    await writeTinyModel(temp.path('model'))
    temp.write('model/tokenizer.json', JSON.stringify(tokenizer))
  }

  const pruning = (data: string) => [
    'prune',
    'model',
    '--method',
    'wanda',
    '--sparsity',
    '0.5',
    '--calibration',
    data,
    '--out',
    'out',
  ]

  it('ends a tokenizer whose pattern takes forever', async () => {
    const pattern = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated', invert: false }
    await model(byteTokenizer({ preTokenizer: pattern }))
    temp.write('data.txt', `${'a'.repeat(60)}!`)
    interrupted('tokenizerWorker', ...pruning('data.txt'))
    await interruptedHere('tokenizerWorker', 'evaluate', 'model', '--data', 'data.txt')
  })

  it('ends the unpacking of a large row group', async () => {
    await model()
    const texts = Array.from({ length: 2 ** 19 }, (_, i) => `text number ${i}`)
    temp.write('data.parquet', parquetOfTexts('text', texts))
    await interruptedHere('parquetWorker', ...pruning('data.parquet'))
  })

  it('ends the statistics of very many tensors', () => {
    const [names, size] = [100_000, 4]
    const header = Object.fromEntries(
      Array.from({ length: names }, (_, i) => [
        `t.${i}`,
        { dtype: 'F32', shape: [1], data_offsets: [size * i, size * (i + 1)] },
      ]),
    )
    temp.write('many.safetensors', fileBytes(JSON.stringify(header), new Uint8Array(names * size)))
    interrupted('breath', 'inspect', 'many.safetensors', '--stats')
  })

  it('says how to resume a run that does not answer', async () => {
    await writeTinyModel(temp.path('model'))
    writeTinyIds(temp.path('ids.safetensors'))
    temp.recipe('a', tinyRecipe({ save: { to: 'out' } }))
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', hook, entry, 'run', 'a.prune.yaml', '--device', 'cpu'],
      { cwd: temp.folder, encoding: 'utf8', env: { ...process.env, INTERRUPT_AT: 'stuck' } },
    )
    assert.equal(status, 130, stderr)
    const folder = onlyRun(realpathSync(temp.folder)) ?? 'none'
    const last = stderr.trim().split('\n').at(-1)
    assert.equal(last, `sparsescope: cancelled; resume it with: sparsescope run --resume ${folder}`)
  })

  it('ends every command that reads a recipe of a million characters', async () => {
    await model()
    const head = 'version: 1\nmodel: model\nprune:\n'
    const step = '  - {method: magnitude, sparsity: 0.5, ignore: ["re:.*a.*"], targets: [Linear]}\n'
    temp.write('long.prune.yaml', head + step.repeat((990_000 - head.length) / step.length))
    for (const command of [['lint'], ['run'], ['run', '--dry-run']])
      await interruptedHere('recipeWorker', ...command, 'long.prune.yaml')
  })
})
