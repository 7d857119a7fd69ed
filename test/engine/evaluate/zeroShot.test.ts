import { equal, ok } from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliJson } from '../../support/cli.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

const fixtures = fileURLToPath(new URL('../../fixtures/zeroshot', import.meta.url))
const sample = fileURLToPath(new URL('../../../samples/llama', import.meta.url))

/** What lm-evaluation-harness makes of a task. */
interface Wanted {
  acc: number
  stderr: number
  acc_norm: number | null
  acc_norm_stderr: number | null
  perplexity: number | null
  loglikelihoods: number[][]
}
interface Ours {
  acc: number
  stderr: number
  acc_norm: number | null
  acc_norm_stderr?: number
  perplexity?: number
  items: { loglikelihoods: number[]; tokens: number[] }[]
}

const argmax = (list: readonly number[]) => list.reduce((best, value, i) => (value > list[best] ? i : best), 0)
const near = (a: number, b: number, tolerance: number) => ok(Math.abs(a - b) <= tolerance, `${a} against ${b}`)

async function scored(model: string, task: string, ...more: string[]): Promise<Ours> {
  const data = join(fixtures, 'data', `${task}.jsonl`)
  const args = ['--task', task, '--data', data, '--items', '--precision', 'f32', '--device', 'cpu', ...more]
  return (await cliJson('evaluate', model, ...args)) as unknown as Ours
}

/** Figures are means of the same rows: equal but for the rounding of the last operations. */
function agree(ours: Ours, wanted: Wanted): void {
  equal(ours.items.length, wanted.loglikelihoods.length)
  ours.items.forEach(({ loglikelihoods, tokens }, row) => {
    const expected = wanted.loglikelihoods[row]
    equal(loglikelihoods.length, expected.length)
    loglikelihoods.forEach((value, i) => near(value, expected[i], 1e-3 * tokens[i]))
    equal(argmax(loglikelihoods), argmax(expected), `row ${row}`)
  })
  near(ours.acc, wanted.acc, 1e-12)
  near(ours.stderr, wanted.stderr, 1e-12)
  equal(ours.acc_norm === null, wanted.acc_norm === null)
  if (wanted.acc_norm !== null) near(ours.acc_norm!, wanted.acc_norm, 1e-12)
  if (wanted.acc_norm_stderr !== null) near(ours.acc_norm_stderr!, wanted.acc_norm_stderr, 1e-12)
  if (wanted.perplexity !== null) near(ours.perplexity! / wanted.perplexity, 1, 1e-3)
}

/** A folder like `source` whose model takes so many tokens. */
function shortened(source: string, target: string, maxPositions: number): string {
  cpSync(source, target, { recursive: true })
  const config = JSON.parse(readFileSync(join(source, 'config.json'), 'utf8')) as object
  writeFileSync(join(target, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: maxPositions }))
  return target
}

describe('zero-shot tasks beside lm-evaluation-harness', () => {
  const goldens = JSON.parse(readFileSync(join(fixtures, 'sample.json'), 'utf8')) as Record<string, Wanted>
  let folder: string
  before(() => {
    folder = scratch().folder
    cpSync(sample, join(folder, 'model'), { recursive: true })
    const mark = { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' }
    writeFileSync(join(folder, 'model/tokenizer_config.json'), JSON.stringify(mark))
    shortened(join(folder, 'model'), join(folder, 'short'), 30)
  })

  for (const [task, wanted] of Object.entries(goldens)) {
    const [name, maxPositions] = task.split('_max')
    it(`${task}: log-likelihoods within 1e-3 a token, every argmax, accuracies and errors`, async () => {
      agree(await scored(join(folder, maxPositions === undefined ? 'model' : 'short'), name), wanted)
    })
  }

  it('give the same in the small batches of little memory', async () => {
    agree(await scored(join(folder, 'model'), 'arc_easy', '--memory', '1MB'), goldens.arc_easy)
  })

  it('agree for SmolLM2-135M, whose folder SMOLLM2 names', async function () {
    const smol = process.env.SMOLLM2
    if (!smol) cannot(this, 'SMOLLM2 names no folder of SmolLM2-135M-Instruct')
    this.timeout(600_000)
    const read = (name: string) => readFileSync(join(fixtures, 'goldens', name), 'utf8')
    const { dense } = JSON.parse(read('summary.json')) as { dense: Record<string, Partial<Wanted>> }
    const rowsOf = (name: string) =>
      read(name)
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { loglikelihoods: number[]; acc: number }]))
    const none = { acc_norm: null, acc_norm_stderr: null, perplexity: null }
    for (const [task, figures] of Object.entries(dense)) {
      const loglikelihoods = rowsOf(`${task}.jsonl`).map((row) => row.loglikelihoods)
      agree(await scored(smol, task), { ...none, ...figures, loglikelihoods } as Wanted)
    }
    const rows = rowsOf('arc_easy_max18.jsonl')
    const acc = rows.reduce((sum, row) => sum + row.acc, 0) / rows.length
    const ours = await scored(shortened(smol, join(folder, 'smol'), 18), 'arc_easy')
    const { acc_norm, acc_norm_stderr } = { acc_norm: ours.acc_norm, acc_norm_stderr: ours.acc_norm_stderr ?? null }
    const stderr = Math.sqrt((acc * (1 - acc)) / (rows.length - 1))
    const loglikelihoods = rows.map((row) => row.loglikelihoods)
    agree(ours, { acc, stderr, acc_norm, acc_norm_stderr, perplexity: null, loglikelihoods })
  })
})
