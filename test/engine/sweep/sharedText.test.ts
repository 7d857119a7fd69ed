// Sweeps that read text: tokenised by one run for all that read the same of it.
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cliIn } from '../../support/cli.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { eventsOf, onlySweep, results, sweep, sweepJson } from '../../support/sweeps.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const cpu = ['--device', 'cpu']
const sparsities = [0.4, 0.6]
const recipe = tinyRecipe({
  calibration: { data: 'text.jsonl', samples: 4, seq_len: 32 },
  recover: { mode: 'retrain', train: ['norm'], data: 'text.jsonl', samples: 8, seq_len: 48, steps: 2, lr: 0.01 },
  evaluate: [{ data: 'text.jsonl', seq_len: 32, at: ['dense', 'recovered'] }],
  save: { to: 'results/out' },
})

describe('text in a sweep', function () {
  this.timeout(300_000)
  let place: Scratch
  beforeEach(async () => {
    place = scratch()
    await writeTinyModel(place.path('model'), { ...smallOpt, vocab_size: 300, max_position_embeddings: 128 })
    writeFileSync(place.path('model', 'tokenizer.json'), JSON.stringify(byteTokenizer()))
    // The lines differ in length, so that some rows of the retraining are padded.
    const lines = Array.from({ length: 12 }, (_, i) => JSON.stringify({ text: `line ${i}: `.repeat(2 + i) }))
    writeFileSync(place.path('text.jsonl'), lines.join('\n'))
  })

  const tokenised = (run: number) =>
    eventsOf(join(onlySweep(place) ?? '', 'runs', String(run)), 'progress').filter(
      (event) => (event as { unit?: string }).unit === 'documents',
    ).length
  const shared = () => {
    const folder = join(onlySweep(place) ?? '', 'shared')
    return readdirSync(folder).flatMap((name) => (name.startsWith('windows-') ? [join(folder, name)] : []))
  }

  it('is tokenised once for each way of reading it, drawn windows once a seed, and gives the bytes of single runs', async () => {
    const swept = place.recipe('a', { ...recipe, sweep: { 'prune.0.sparsity': sparsities, seed: [0, 1] } })
    const { status, stderr } = await sweep(place, 'run', swept, ...cpu)
    assert.equal(status, 0, stderr)
    // Evaluation, retraining, and calibration of two seeds.
    assert.equal(shared().length, 4)
    assert.deepEqual(
      [0, 1, 2, 3].map((run) => tokenised(run) > 0),
      [true, true, false, false],
    )
    const ofSweep = results(place)
    rmSync(place.path('results'), { recursive: true })
    const alone = place.recipe('alone', recipe)
    for (const sparsity of sparsities)
      for (const seed of [0, 1]) {
        const to = `results/out-prune.0.sparsity=${sparsity},seed=${seed}`
        const settings = [`prune.0.sparsity=${sparsity}`, `seed=${seed}`, `save.to="${to}"`]
        assert.equal(
          (await cliIn(place.folder, 'run', alone, ...settings.flatMap((one) => ['--set', one]), ...cpu)).status,
          0,
        )
      }
    assert.deepEqual(results(place), ofSweep)
  })

  it('of conversations keeps what loss_on counts', async () => {
    place.write(
      'model/chat_template.jinja',
      "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ '\\n' }}{% endfor %}",
    )
    const lines = Array.from({ length: 12 }, (_, i) => {
      const messages = [
        { role: 'user', content: `Question ${i}?` },
        { role: 'assistant', content: 'Answer. '.repeat(1 + (i % 3)) },
      ]
      return JSON.stringify({ messages })
    })
    place.write('text.jsonl', lines.join('\n'))
    const loss_on = 'assistant'
    const counting = {
      ...recipe,
      recover: { ...recipe.recover, loss_on },
      evaluate: [
        { data: 'text.jsonl', seq_len: 32, at: ['dense', 'recovered'] },
        { data: 'text.jsonl', seq_len: 32, loss_on, at: ['dense', 'recovered'] },
      ],
    }
    const swept = place.recipe('a', { ...counting, sweep: { 'prune.0.sparsity': sparsities } })
    const { status, stderr } = await sweep(place, 'run', swept, ...cpu)
    assert.equal(status, 0, stderr)
    // Evaluation of all and of the answers, retraining, and calibration.
    assert.equal(shared().length, 4)
    assert.deepEqual([tokenised(0) > 0, tokenised(1) > 0], [true, false])
    const ofSweep = results(place)
    rmSync(place.path('results'), { recursive: true })
    const alone = place.recipe('alone', counting)
    for (const sparsity of sparsities) {
      const set = [`prune.0.sparsity=${sparsity}`, `save.to="results/out-prune.0.sparsity=${sparsity}"`]
      const run = await cliIn(place.folder, 'run', alone, ...set.flatMap((one) => ['--set', one]), ...cpu)
      assert.equal(run.status, 0, run.stderr)
    }
    assert.deepEqual(results(place), ofSweep)
  })

  it('is read anew where a name means another format of the same bytes', async () => {
    copyFileSync(place.path('text.jsonl'), place.path('text.txt'))
    const cases = ['text.jsonl', 'text.txt'].map((data) => {
      return { name: data.slice(5), set: { 'calibration.data': data, 'evaluate.0.data': data } }
    })
    const swept = place.recipe('a', { ...recipe, sweep: { cases } })
    const { status, stderr } = await sweep(place, 'run', swept, ...cpu)
    assert.equal(status, 0, stderr)
    const { runs } = await sweepJson(place, 'status', swept)
    const [lines, whole] = runs.map((run) => run.results.perplexity)
    assert.notEqual(lines.dense, whole.dense)
  })

  it('is refused where it is no longer what a run wrote, and made anew when it is gone', async () => {
    const swept = place.recipe('a', { ...recipe, sweep: { 'prune.0.sparsity': sparsities } })
    assert.equal((await sweep(place, 'run', swept, '--index', '0', ...cpu)).status, 0)
    const files = shared().map((folder) => join(folder, 'windows.safetensors'))
    const spoil: ((file: string) => void)[] = [
      (file) => writeFileSync(file, 'no header'),
      (file) => symlinkSync(place.path('model', 'model.safetensors'), file),
      (file) => symlinkSync('/dev/zero', file),
    ]
    for (const [i, file] of files.entries()) {
      rmSync(file)
      spoil[i](file)
      const { stdout } = await sweep(place, 'run', swept, '--json', ...cpu)
      const { runs } = JSON.parse(stdout) as Awaited<ReturnType<typeof sweepJson>>
      assert.equal(runs[1].state, 'failed')
      assert.ok(runs[1].message?.includes(file), runs[1].message ?? '')
      rmSync(file)
    }
    assert.equal((await sweep(place, 'run', swept, ...cpu)).status, 0)
  })
})
