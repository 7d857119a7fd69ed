// Sweeps by the command line on this machine: plan, run, status, cancel.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport } from '../../../src/engine/run/report/report.ts'
import { cliIn } from '../../support/cli.ts'
import type { Scratch } from '../../support/scratch.ts'
import { eventsOf, onlySweep, results, sweep, sweepJson, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

const four = { 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] }
const cpu = ['--device', 'cpu']

describe('sparsescope sweep', function () {
  this.timeout(300_000)
  let place: Scratch
  beforeEach(async () => (place = await sweepPlace()))

  const reportOf = (index: number) =>
    JSON.parse(readFileSync(join(onlySweep(place) ?? '', 'runs', String(index), 'report.json'), 'utf8')) as RunReport

  it('prints by plan what plan.json will be, and writes nothing', async () => {
    const recipe = place.recipe('a', sweptRecipe(four))
    const before = readdirSync(place.folder)
    const plan = await sweepJson(place, 'plan', recipe)
    assert.deepEqual(readdirSync(place.folder), before)
    assert.equal((await sweep(place, 'run', recipe, ...cpu)).status, 0)
    const folder = onlySweep(place) ?? ''
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')), plan)
    const { runs } = plan as unknown as { runs: { index: number; name: string; settings: object; hash: string }[] }
    assert.deepEqual(runs[1].settings, { 'prune.0.sparsity': 0.4, seed: 1 })
    assert.equal(runs[1].name, 'prune.0.sparsity=0.4,seed=1')
    assert.equal(new Set(runs.map(({ hash }) => hash)).size, 4)
    assert.deepEqual(await sweepJson(place, 'plan', folder), plan)
    // A sweep whose results are there already has a plan, too.
    for (const path of [recipe, folder]) {
      const lines = (await sweep(place, 'plan', path, '--jobs', '2')).stdout.trim().split('\n')
      assert.match(lines[2], /^1 +wanda 40 % · seed 1 +\d+ s +[\d.]+ MB +[\d.]+ kB$/)
      assert.match(
        lines[5],
        /^4 runs, 2 at a time: time about \d+ s, memory .* MB, disk .* kB; what runs have in common is done once$/,
      )
    }
  })

  it('gives each run the bytes of `run` with its settings', async () => {
    const recipe = sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6], 'recover.steps': [2] })
    assert.equal((await sweep(place, 'run', place.recipe('a', recipe), ...cpu)).status, 0)
    const swept = results(place)
    rmSync(place.path('results'), { recursive: true })
    const { sweep: _, ...alone } = recipe
    const path = place.recipe('alone', alone)
    for (const s of [0.4, 0.6]) {
      const to = `results/out-prune.0.sparsity=${s},recover.steps=2`
      const set = [`prune.0.sparsity=${s}`, 'recover.steps=2', `save.to="${to}"`].flatMap((one) => ['--set', one])
      assert.equal((await cliIn(place.folder, 'run', path, ...set, ...cpu)).status, 0)
    }
    assert.deepEqual(results(place), swept)
    assert.ok(Object.keys(swept).filter((name) => name.endsWith('.safetensors')).length === 2)
  })

  it("has the contract's fields in status and sweep.json, for a recipe and for a folder", async () => {
    const recipe = place.recipe('a', sweptRecipe(four))
    assert.match((await sweep(place, 'status', recipe)).stderr, /not been started; sparsescope sweep run/)
    assert.equal((await sweep(place, 'status', recipe)).status, 2)
    assert.equal((await sweep(place, 'run', recipe, '--jobs', '2', ...cpu)).status, 0)
    const folder = onlySweep(place) ?? ''
    const table = await sweepJson(place, 'status', recipe)
    assert.deepEqual(await sweepJson(place, 'status', folder), table)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'sweep.json'), 'utf8')), table)
    assert.equal(table.engine, 'local')
    const [first] = table.runs
    assert.equal(first.state, 'done')
    assert.equal(first.run, join(folder, 'runs', '0'))
    const { perplexity, sparsity, trainable, peak_memory_mb: peak } = reportOf(0)
    assert.deepEqual(first.results.perplexity, { dense: null, pruned: null, recovered: null, ...perplexity })
    assert.deepEqual(first.results.accuracy, { dense: null, pruned: null, recovered: null })
    assert.equal(first.results.sparsity, sparsity)
    assert.equal(first.results.trainable, trainable?.count)
    assert.equal(first.results.peak_memory_mb, peak)
    assert.ok((first.results.seconds ?? 0) > 0)
  })

  it('measures once what is equal, also in runs side by side', async () => {
    const recipe = sweptRecipe(four)
    const evaluate = [...(recipe.evaluate as object[]), { data: 'ids.safetensors', seq_len: 8, at: ['dense'] }]
    const path = place.recipe('a', { ...recipe, evaluate })
    const { status, stderr } = await sweep(place, 'run', path, '--jobs', '2', ...cpu)
    assert.equal(status, 0, stderr)
    const dense = [0, 1, 2, 3].map((i) => reportOf(i).evaluations.filter(({ stage }) => stage === 'dense'))
    assert.equal(dense[0].length, 2)
    // The seconds that it took are those of one measurement.
    for (const one of dense) assert.deepEqual(one, dense[0])
    // Each sparsity has one pruned model, too.
    assert.equal(readdirSync(join(onlySweep(place) ?? '', 'shared')).length, 1 + 2)
    const evals = eventsOf(join(onlySweep(place) ?? '', 'runs', '3'), 'eval')
    assert.equal(evals.length, 4)
  })

  it('does not share measurements of other things', async () => {
    const cases = [
      { name: 'long', set: {} },
      { name: 'short', set: { 'evaluate.0.seq_len': 8 } },
    ]
    assert.equal((await sweep(place, 'run', place.recipe('a', sweptRecipe({ cases })), ...cpu)).status, 0)
    assert.equal(readdirSync(join(onlySweep(place) ?? '', 'shared')).length, 2 * 2)
    assert.notEqual(reportOf(0).perplexity.dense, reportOf(1).perplexity.dense)
  })

  it('divides memory and threads among the jobs', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    assert.equal(
      (await sweep(place, 'run', recipe, '--jobs', '2', '--threads', '1', '--memory', '2GB', ...cpu)).status,
      0,
    )
    for (const i of [0, 1]) assert.equal(reportOf(i).device.details.threads, 1)
  })

  it('continues when one run fails, and ends with 1', async () => {
    const recipe = place.recipe('a', sweptRecipe(four))
    mkdirSync(place.path('results', 'out-prune.0.sparsity=0.4,seed=1'), { recursive: true })
    const { status, stdout } = await sweep(place, 'run', recipe, '--json', ...cpu)
    assert.equal(status, 1)
    const { runs } = JSON.parse(stdout) as Awaited<ReturnType<typeof sweepJson>>
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['done', 'failed', 'done', 'done'],
    )
    assert.match(runs[1].message ?? '', /already exists|exists/)
    const folder = onlySweep(place) ?? ''
    const before = readFileSync(join(folder, 'runs', '0', 'events.jsonl'), 'utf8')
    const why = /failed prune\.0\.sparsity=0\.4,seed=1: .*already exists|exists already/
    const told = (await sweep(place, 'status', recipe)).stdout
    assert.match(told, /3 of 4 done, 1 failed; sparsescope sweep run \.sparsescope.* continues with the rest/)
    assert.match(told, why)
    assert.match((await cliIn(place.folder, 'report', recipe, '--html', 'page.html')).stdout, why)
    assert.match(readFileSync(place.path('page.html'), 'utf8'), why)
    rmSync(place.path('results', 'out-prune.0.sparsity=0.4,seed=1'), { recursive: true })
    assert.equal((await sweep(place, 'run', folder, ...cpu)).status, 0)
    assert.equal(readFileSync(join(folder, 'runs', '0', 'events.jsonl'), 'utf8'), before)
    assert.deepEqual(
      (await sweepJson(place, 'status', recipe)).runs.map(({ state }) => state),
      ['done', 'done', 'done', 'done'],
    )
  })

  it('does one run by --index, and then the others', async () => {
    const recipe = place.recipe('a', sweptRecipe(four))
    assert.equal((await sweep(place, 'run', recipe, '--index', '4')).status, 2)
    assert.equal(onlySweep(place), null, 'nothing is begun for a run that there is not')
    const { status, stdout } = await sweep(place, 'run', recipe, '--index', '2', '--json', ...cpu)
    assert.equal(status, 0)
    assert.equal((JSON.parse(stdout) as RunReport).status, 'done')
    assert.deepEqual(
      (await sweepJson(place, 'status', recipe)).runs.map(({ state }) => state),
      ['waiting', 'waiting', 'done', 'waiting'],
    )
    for (const wrong of ['4', '-1', 'x']) assert.equal((await sweep(place, 'run', recipe, '--index', wrong)).status, 2)
  })

  it('says which runs were cancelled, and runs all of them again', async () => {
    const recipe = place.recipe('a', sweptRecipe(four))
    await sweep(place, 'run', recipe, '--index', '0', ...cpu)
    assert.equal((await sweep(place, 'cancel', recipe, '--index', '1')).status, 0)
    assert.equal((await sweepJson(place, 'status', recipe)).runs[1].state, 'cancelled')
    assert.deepEqual(
      ((await sweepJson(place, 'cancel', recipe)) as unknown as { cancelled: number[] }).cancelled,
      [1, 2, 3],
    )
    assert.equal((await sweep(place, 'run', recipe, ...cpu)).status, 0)
    assert.match((await sweep(place, 'cancel', recipe)).stdout, /^nothing to cancel: all runs are done$/m)
  })

  it('is a different sweep for another value, model or text', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    const id = async () => (await sweepJson(place, 'plan', recipe)).id
    const first = await id()
    assert.equal(await id(), first)
    assert.notEqual((await sweepJson(place, 'plan', recipe, '--set', 'recover.steps=4')).id, first)
    const config = JSON.parse(readFileSync(place.path('model', 'config.json'), 'utf8')) as object
    writeFileSync(place.path('model', 'config.json'), JSON.stringify({ ...config, _comment: 1 }))
    assert.notEqual(await id(), first)
  })

  it('refuses a model that changed after it began', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    await sweep(place, 'run', recipe, '--index', '0', ...cpu)
    const config = JSON.parse(readFileSync(place.path('model', 'config.json'), 'utf8')) as object
    writeFileSync(place.path('model', 'config.json'), JSON.stringify({ ...config, _comment: 1 }))
    const folder = onlySweep(place) ?? ''
    const { runs } = JSON.parse((await sweep(place, 'run', folder, '--json', ...cpu)).stdout) as Awaited<
      ReturnType<typeof sweepJson>
    >
    assert.equal(runs[1].state, 'failed')
    assert.match(runs[1].message ?? '', /changed since/)
  })

  it('refuses in one line, and writes nothing', async () => {
    const without = place.recipe('plain', { ...sweptRecipe({}), sweep: undefined })
    const wrong = place.recipe('wrong', sweptRecipe({ 'prune.0.sparsty': [0.1] }))
    const refused = place.recipe('refused', {
      ...sweptRecipe({ 'prune.0.method': ['random', 'wanda'] }),
      prune: [{ method: 'magnitude', sparsity: 0.3 }],
      calibration: undefined,
      recover: undefined,
    })
    for (const [path, message] of [
      [without, /has no sweep: sparsescope run/],
      [wrong, /did you mean "prune.0.sparsity"/],
      [refused, /The run prune\.0\.method=wanda would be refused: .*calibration/],
      [place.path('model'), /is not the folder of a sweep/],
      [place.path('no'), /does not exist/],
    ] as const) {
      const { status, stdout, stderr } = await sweep(place, 'run', path)
      assert.equal(status, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, message)
      assert.equal(stderr.trim().split('\n').length, 1)
    }
    const good = place.recipe('a', sweptRecipe(four))
    for (const [args, message] of [
      [['--jobs', '0'], /--jobs <n>' argument '0' is invalid. It must be a whole number of at least 1/],
      [['--threads', 'x'], /--threads <n>' argument 'x'/],
      [['--memory', 'much'], /--memory much is not a size/],
      [['--set', 'seed=3'], /--set seed has no effect: the sweep of .* sets it in every run/],
      [['--slurm', 'cpus=2'], /--slurm has no effect with the local engine: remove it, or add --engine slurm/],
      [['--engine', 'local', '--no-wait'], /--no-wait has no effect with the local engine/],
      [['--engine', 'slurm', '--jobs', '2'], /--jobs has no effect with Slurm: write --slurm at_a_time=…/],
      [['--engine', 'slurm', '--memory', '2GB'], /--memory has no effect with Slurm: write --slurm memory=…/],
      [['--index', '0', '--jobs', '2'], /--jobs has no effect with --index, which runs one run here: remove one/],
    ] as const) {
      const { status, stderr } = await sweep(place, 'run', good, ...args)
      assert.equal(status, 2, stderr)
      assert.match(stderr, message)
    }
    const { status, stderr } = await cliIn(place.folder, 'run', good, '--dry-run')
    assert.equal(status, 2)
    assert.match(stderr, /sparsescope sweep run/)
    assert.ok(!existsSync(place.path('.sparsescope')))
  })
})
