// Runs of a sweep that prune alike and recover afterwards: one prunes, the others take its blocks; what comes out is what
// each gives alone, byte for byte.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport } from '../../../src/engine/run/report/report.ts'
import type { ChosenAllocation } from '../../../src/runs/series/events.ts'
import { cliIn, cliUntil } from '../../support/cli.ts'
import type { Scratch } from '../../support/scratch.ts'
import { eventsOf, onlySweep, results, sweep, sweepOfProcesses, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'
import { until } from '../../support/until.ts'

const cpu = ['--device', 'cpu']
const steps = 3
const retrain = (sweepOf: object): Record<string, unknown> => ({
  ...sweptRecipe(sweepOf),
  recover: { mode: 'retrain', data: 'ids.safetensors', steps, seq_len: 16, train: ['bias', 'norm'], lr: 1e-3 },
})
const rates = [1e-3, 2e-3]

describe('pruning that runs of a sweep share', function () {
  this.timeout(300_000)
  let place: Scratch
  beforeEach(async () => (place = await sweepPlace()))

  const shared = () => join(onlySweep(place) ?? 'none', 'shared')
  const prunings = () => readdirSync(shared()).filter((name) => name.startsWith('pruned-'))
  const run = (index: number) => join(onlySweep(place) ?? 'none', 'runs', String(index))
  const reportOf = (index: number) => JSON.parse(readFileSync(join(run(index), 'report.json'), 'utf8')) as RunReport

  it('is done once for each kind, gives the bytes that each run gives alone, and is gone when all have had it', async () => {
    const recipe = retrain({ 'prune.0.sparsity': [0.4, 0.6], 'recover.lr': rates })
    const { status, stdout, stderr } = await sweepOfProcesses(
      place,
      'run',
      place.recipe('a', recipe),
      '--jobs',
      '2',
      ...cpu,
    )
    assert.equal(status, 0, stdout + stderr)
    assert.equal(prunings().length, 2)
    for (const name of prunings()) {
      const left = readdirSync(join(shared(), name))
      assert.deepEqual(
        left.filter((file) => !file.startsWith('used-')),
        [],
      )
      assert.equal(left.length, 2)
    }
    // Seconds of the one that pruned, told by all.
    for (const [one, other] of [
      [0, 1],
      [2, 3],
    ]) {
      assert.deepEqual(eventsOf(run(one), 'block').map(bare), eventsOf(run(other), 'block').map(bare))
      const pruned = [one, other].map((i) => reportOf(i).evaluations.find(({ stage }) => stage === 'pruned'))
      assert.deepEqual(pruned[0], pruned[1])
    }
    // The seconds that measuring the dense model took are those of one measurement, by whichever process.
    const dense = [0, 1, 2, 3].map((i) => reportOf(i).evaluations.find(({ stage }) => stage === 'dense'))
    for (const one of dense) assert.deepEqual(one, dense[0])
    const swept = results(place)
    rmSync(place.path('results'), { recursive: true })
    const { sweep: _, ...alone } = recipe
    const path = place.recipe('alone', alone)
    for (const s of [0.4, 0.6])
      for (const lr of rates) {
        const to = `results/out-prune.0.sparsity=${s},recover.lr=${lr}`
        const set = [`prune.0.sparsity=${s}`, `recover.lr=${lr}`, `save.to="${to}"`].flatMap((one) => ['--set', one])
        const { status: ended, stderr: why } = await cliIn(place.folder, 'run', path, ...set, ...cpu)
        assert.equal(ended, 0, why)
      }
    assert.deepEqual(results(place), swept)
  })

  it('finds a spread once for all that try the same, and each says which', async () => {
    const recipe = retrain({ 'prune.0.depth.spread': [0.2, 'auto'], 'recover.lr': rates })
    recipe.prune = [{ method: 'wanda', sparsity: 0.5, allocation: 'depth', depth: { spread: 0.1 } }]
    const { status, stderr } = await sweep(place, 'run', place.recipe('a', recipe), ...cpu)
    assert.equal(status, 0, stderr)
    assert.equal(prunings().length, 2)
    const found = [0, 1, 2, 3].map((i) => reportOf(i).allocations)
    assert.deepEqual(
      found.map((one) => one.length),
      [0, 0, 1, 1],
    )
    assert.deepEqual(found[2], found[3])
    for (const i of [2, 3]) {
      const [said, ...others] = eventsOf(run(i), 'allocation') as ChosenAllocation[]
      assert.deepEqual([said.value, others.length], [found[2][0].value, 0])
    }
  })

  it('is not shared by runs that prune differently', async () => {
    const random = retrain({ seed: [0, 1] })
    const drawn = { ...random, prune: [{ method: 'random', sparsity: 0.5 }], calibration: undefined }
    assert.equal((await sweep(place, 'run', place.recipe('a', drawn), ...cpu)).status, 0)
    assert.deepEqual(prunings(), [])
    const pruned = [0, 1].map((i) => reportOf(i).perplexity.pruned)
    assert.notEqual(pruned[0], pruned[1])
  })

  it('is measured once for runs that recover each block as soon as it is pruned', async () => {
    const recipe = sweptRecipe({ 'recover.lr': rates })
    assert.equal((await sweep(place, 'run', place.recipe('a', recipe), ...cpu)).status, 0)
    assert.deepEqual(prunings(), [])
    const [one, other] = [0, 1].map((i) => reportOf(i).evaluations)
    const of = (stage: string) => (list: RunReport['evaluations']) => list.filter((e) => e.stage === stage)
    assert.deepEqual(of('pruned')(one), of('pruned')(other))
    assert.equal(of('pruned')(one).length, 1)
    assert.notDeepEqual(of('recovered')(one), of('recovered')(other))
  })

  it('is done again for blocks that are damaged or missing', async () => {
    const cases = [
      { name: 'stopped', set: { 'recover.steps': 4000 } },
      { name: 'other', set: {} },
    ]
    const recipe = place.recipe('a', retrain({ cases }))
    const abort = new AbortController()
    const ended = cliUntil(abort.signal, place.folder, 'sweep', 'run', recipe, ...cpu)
    await until(
      'a step of the first run',
      () => onlySweep(place) && existsSync(shared()) && prunings().length === 1 && eventsOf(run(0), 'step').length > 0,
    )
    abort.abort()
    assert.equal((await ended).status, 130)
    const [name] = prunings()
    rmSync(join(shared(), name, 'pruned-0001.safetensors'))
    const { status, stderr } = await sweep(place, 'run', recipe, '--index', '1', ...cpu)
    assert.equal(status, 0, stderr)
    assert.equal(reportOf(1).status, 'done')
    assert.equal(eventsOf(run(1), 'block').length, eventsOf(run(0), 'block').length)
  })
})

/** Without the time at which it was said. */
function bare(event: unknown): unknown {
  const { t: _, ...rest } = event as { t: number }
  return rest
}
