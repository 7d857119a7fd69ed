import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sample } from '../../../src/runs/series/events.ts'
import { parseEvents } from '../../../src/runs/events/parseEvents.ts'
import { emptyPicture, foldEvents } from '../../../src/runs/series/foldRun.ts'
import { promptTexts } from '../../../src/runs/series/samples.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

interface Report {
  run: string
  protocol: string[]
  perplexity: object
  evaluations: { stage: string; step?: number; data?: string; samples: Sample[] }[]
}

/** What a page or a terminal must never get raw. */
const hostile = '</td><script>alert(1)</script>\u001b[2J\u202e\u0000 &amp;'

describe('samples of a run', () => {
  let place: Scratch
  let folder: string
  let report: Report
  const recipe = (name: string, more: object) => place.recipe(name, { version: 1, model: 'model', ...more })
  const samples = { task: 'samples', prompts: ['Once upon', hostile], max_tokens: 8 }

  before(async () => {
    place = scratch()
    folder = place.folder
    await writeTinyModel(join(folder, 'model'), { ...smallOpt, vocab_size: 300, max_position_embeddings: 128 })
    writeFileSync(join(folder, 'model', 'tokenizer.json'), JSON.stringify(byteTokenizer()))
    writeFileSync(join(folder, 'text.jsonl'), `${JSON.stringify({ text: 'all the king’s horses '.repeat(40) })}\n`)
    const recover = {
      mode: 'retrain',
      train: ['norm', 'mask_lora'],
      data: 'text.jsonl',
      seq_len: 32,
      samples: 1,
      steps: 4,
      lr: 0.05,
    }
    const at = ['dense', 'pruned', 'recovered']
    const file = recipe('all', {
      prune: [{ method: 'magnitude', sparsity: 0.7 }],
      recover,
      evaluate: [{ ...samples, at, every: 2 }],
      save: { to: 'out' },
    })
    report = (await cliJson('run', file, '--device', 'cpu')) as unknown as Report
  })

  const said = async (model: string, prompt: string) =>
    (await cliJson('generate', join(folder, model), '--device', 'cpu', '--prompt', prompt, '--max-tokens', '8')).tokens

  it('are the greedy text of the model at each stage, and in between of the model as it trains', async () => {
    deepEqual(
      report.evaluations.map(({ stage, step }) => [stage, step]),
      [
        ['dense', undefined],
        ['pruned', undefined],
        ['recovered', 2],
        ['recovered', 4],
        ['recovered', undefined],
      ],
    )
    const [dense, pruned, , last, recovered] = report.evaluations.map((one) => one.samples)
    deepEqual(dense[0].tokens, await said('model', 'Once upon'))
    deepEqual(recovered[0].tokens, await said('out', 'Once upon'))
    // Adapters in place, not merged: after the last step it is the model that is saved.
    deepEqual(last, recovered)
    ok(JSON.stringify(dense[0].tokens) !== JSON.stringify(pruned[0].tokens))
    equal(dense[0].text.length, dense[0].ends.at(-1))
    equal(report.evaluations[0].data, undefined)
    deepEqual(report.perplexity, {})
    ok(report.protocol.includes('Samples: greedy decoding, at most 8 tokens after each prompt.'))
  })

  it('are folded by a view from the events, dense first, then along the recovery', () => {
    const lines = readFileSync(join(report.run, 'events.jsonl'), 'utf8').split('\n')
    const picture = foldEvents(emptyPicture(), parseEvents(lines))
    equal(picture.evaluations.length, 0)
    const [texts, other] = promptTexts(picture.samples)
    deepEqual(
      texts.rows.map(({ label }) => label),
      ['dense', 'pruned', 'after 2', 'after 4', 'recovered'],
    )
    equal(texts.rows[0].cut, null)
    ok(texts.rows[1].cut)
    equal(other.prompt, hostile)
  })

  it('are in the note of the saved folder, and a hostile prompt is text on the page', () => {
    const note = JSON.parse(readFileSync(join(folder, 'out', 'sparsescope.json'), 'utf8')) as Report
    deepEqual(note.evaluations[0].samples, report.evaluations[0].samples)
    const page = readFileSync(join(report.run, 'report.html'), 'utf8')
    match(page, /<h2>What the model says<\/h2>/)
    match(page, /<mark>/)
    ok(!page.includes('<script>'))
    ok(page.includes('&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u001b[2J\\u202e\\u0000 &amp;amp;'))
  })

  it('are refused with 2 for a prompt that is too long for the model', async () => {
    const file = recipe('long', { evaluate: [{ ...samples, prompts: ['a', 'ab '.repeat(200)] }] })
    const { status, stderr } = await cli('run', file, '--device', 'cpu', '--json')
    equal(status, 2)
    match(stderr, /prompt 2 of samples: a prompt of \d+ tokens leaves no room in the model's 128 positions; shorten it/)
    equal(existsSync(join(folder, 'model', 'sparsescope.json')), false)
  })

  it('are not offered by evaluate, which has no prompts', async () => {
    const { status, stderr } = await cli('evaluate', join(folder, 'model'), '--task', 'samples', '--data', 'text.jsonl')
    equal(status, 2)
    match(stderr, /there is no such task/)
  })
})
