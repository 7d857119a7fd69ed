// What a sweep says of its runs, and what it refuses, as far as single runs would: warnings, disabled rules, settings without effect.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { cliIn } from '../../support/cli.ts'
import type { Scratch } from '../../support/scratch.ts'
import { onlySweep, sweep, sweepJson, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

const cpu = ['--device', 'cpu']

describe('a sweep of runs with warnings', function () {
  this.timeout(300_000)
  let place: Scratch
  beforeEach(async () => (place = await sweepPlace()))

  const run = (index: number) => join(onlySweep(place) ?? 'none', 'runs', String(index))
  const reportIn = (index: number) => join(run(index), 'report.json')
  const reportOf = (index: number) =>
    JSON.parse(readFileSync(reportIn(index), 'utf8')) as {
      warnings: string[]
      device: { details: { threads: number } }
    }

  it('says a warning once, with the runs that it is true of', async () => {
    const recipe = place.recipe('a', {
      ...sweptRecipe({ 'prune.0.method': ['magnitude', 'alps'] }),
      prune: [{ method: 'magnitude', sparsity: 0.5, dampening: 0.1 }],
    })
    const warned = /warning: .*dampening has no effect with method magnitude/g
    for (const args of [
      ['plan', recipe],
      ['run', recipe, ...cpu],
    ]) {
      const { status, stdout } = await sweep(place, ...args)
      assert.equal(status, 0, stdout)
      assert.equal(stdout.match(warned)?.length, 1, stdout)
    }
    const [magnitude, alps] = [0, 1].map((index) => reportOf(index).warnings.join('\n'))
    assert.match(magnitude, /dampening has no effect/)
    assert.doesNotMatch(alps, /dampening has no effect/)
  })

  it('says in one sentence before it begins which outputs exist', async () => {
    const path = place.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.5, 0.6] }))
    const told = /warning: .*is there already and is not overwritten.*\. And 2 more like it\./
    assert.equal((await sweep(place, 'run', path, ...cpu)).status, 0)
    assert.doesNotMatch((await sweep(place, 'plan', path)).stdout, /is there already/)
    const { stdout } = await sweep(place, 'plan', path, '--set', 'seed=9')
    assert.match(stdout, told)
    assert.equal(stdout.match(/is there already/g)?.length, 1)
  })

  it('says in a plan all that a rule says of a run, and once what all say', async () => {
    const swept = {
      ...sweptRecipe({ seed: [0, 1] }),
      prune: [{ method: 'magnitude', sparsity: 0.5, dampening: 0.1, block_size: 64 }],
    }
    const { stdout } = await sweep(place, 'plan', place.recipe('a', swept))
    for (const key of ['dampening', 'block_size'])
      assert.equal(stdout.match(new RegExp(`warning: ${key} has no effect`, 'g'))?.length, 1, stdout)
  })

  it('gives warnings of a shared pruning to every run that takes its result', async () => {
    const recipe = {
      ...sweptRecipe({ 'recover.lr': [1e-3, 2e-3] }),
      // Far fewer tokens than inputs: no Hessian has its full rank.
      prune: [{ method: 'sparsegpt', sparsity: 0.5, dampening: 1e-9 }],
      calibration: { data: 'ids.safetensors', samples: 1, seq_len: 4 },
      recover: { mode: 'retrain', data: 'ids.safetensors', steps: 3, seq_len: 16, train: ['bias', 'norm'], lr: 1e-3 },
    }
    const path = place.recipe('a', recipe)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, `# sparsescope-disable M3: a smoke test\n${text}`)
    const { status, stderr } = await sweep(place, 'run', path, ...cpu)
    assert.equal(status, 0, stderr)
    const [first, second] = [0, 1].map((index) => reportOf(index).warnings.filter((one) => /Hessian/.test(one)))
    assert.ok(first.length > 0)
    assert.deepEqual(second, first)
  })

  it('runs when a comment disables the rule with a reason', async () => {
    const few = {
      ...sweptRecipe({ seed: [0, 1] }),
      prune: [{ method: 'sparsegpt', sparsity: 0.5 }],
      calibration: { data: 'ids.safetensors', samples: 1, seq_len: 4 },
    }
    const path = place.recipe('a', few)
    const text = readFileSync(path, 'utf8')
    const message = /sparsegpt sees fewer tokens|fewer tokens than/
    assert.match((await sweep(place, 'plan', path)).stderr, message)
    writeFileSync(path, `# sparsescope-disable M3: a smoke test\n${text}`)
    assert.equal((await sweep(place, 'plan', path)).status, 0)
    assert.equal((await sweep(place, 'run', path, ...cpu)).status, 0)
    const single = place.recipe('single', { ...few, sweep: undefined })
    assert.equal((await cliIn(place.folder, 'run', single, '--dry-run')).status, 2)
    writeFileSync(single, `# sparsescope-disable M3: a smoke test\n${readFileSync(single, 'utf8')}`)
    assert.equal((await cliIn(place.folder, 'run', single, '--dry-run')).status, 0)
  })

  it('refuses a setting that every run sets itself', async () => {
    const cases = [0.3, 0.4].map((sparsity) => ({
      name: `s${sparsity}`,
      set: { 'prune.0.sparsity': sparsity, recover: { mode: 'refit' } },
    }))
    const all = place.recipe('all', sweptRecipe({ cases }))
    for (const key of ['prune.0.sparsity=0.9', 'prune.00.sparsity=0.9', 'recover.steps=5']) {
      const { status, stderr } = await sweep(place, 'plan', all, '--set', key)
      assert.equal(status, 2, key)
      assert.match(stderr, /has no effect: the sweep of .* sets it in every run/)
    }
    const some = place.recipe('some', sweptRecipe({ cases: [...cases, { name: 'plain', set: {} }] }))
    for (const key of ['prune.0.sparsity=0.6', 'prune.0.method=magnitude'])
      assert.equal((await sweep(place, 'plan', some, '--set', key)).status, 0, key)
  })

  it('gives the remaining runs the same threads when it continues', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    const first = await sweep(place, 'run', recipe, '--index', '0', '--threads', '1', ...cpu)
    assert.equal(first.status, 0, first.stderr)
    assert.equal((await sweep(place, 'run', recipe, '--jobs', '1024', ...cpu)).status, 0)
    assert.equal(reportOf(1).device.details.threads, Math.max(1, Math.floor(availableParallelism() / 2)))
  })

  it('has one failed run where a report was cut short', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    assert.equal((await sweep(place, 'run', recipe, ...cpu)).status, 0)
    writeFileSync(reportIn(1), '')
    const { runs } = await sweepJson(place, 'status', recipe)
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['done', 'failed'],
    )
    assert.match(String(runs[1].message), /report\.json is damaged: .*remove .* to run it anew/)
    const again = await sweep(place, 'run', recipe, ...cpu)
    assert.equal(again.status, 1)
    assert.doesNotMatch(again.stderr, /internal error/)
  })

  it('starts no run when its sweep is gone', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    assert.equal((await sweep(place, 'run', recipe, '--child', '--index', '0', ...cpu)).status, 130)
    assert.ok(!existsSync(run(0)))
  })
})
