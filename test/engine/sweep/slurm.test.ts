// The Slurm engine against the real Slurm: submitted, watched, cancelled, killed; the result is the local engine's.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseTasks } from '../../../src/engine/sweep/slurm.ts'
import { entry } from '../../support/cli.ts'
import type { Workplace } from '../../support/runs.ts'
import { cannot, lacks } from '../../support/skip.ts'
import { noSlurm, startSlurm, type TestSlurm } from '../../support/slurm.ts'
import type { SweepTable } from '../../../src/shared/sweep/sweepTable.ts'
import { eventsOf, holderOf, onlySweep, results, sweep, sweepPlace, sweptRecipe, until } from '../../support/sweeps.ts'

describe('what squeue says', () => {
  it('tasks that run or will, by array and index; what is over or of no array is left out', () => {
    const text = '12|0|RUNNING\n12|1|PENDING\n12|2|COMPLETED\n12|3|FAILED\n9|1|REQUEUED\n12|N/A|RUNNING\nslurm: error\n'
    assert.deepEqual([...parseTasks(text)], [[0, ['12_0']], [1, ['12_1', '9_1']]]) // prettier-ignore
  })
})

describe('sparsescope sweep --engine slurm', function () {
  this.timeout(600_000)
  let slurm: TestSlurm
  let place: Workplace
  before(async function () {
    if (process.getuid?.() !== 0) cannot(this, 'a Slurm of its own needs root')
    const missing = noSlurm()
    if (missing !== null) lacks(this, missing)
    slurm = await startSlurm()
  })
  after(() => slurm?.stop())
  beforeEach(async () => (place = await sweepPlace()))
  afterEach(() => place?.remove())

  const inSlurm = (...args: string[]) =>
    spawnSync(process.execPath, [entry, 'sweep', ...args], {
      cwd: place.folder,
      encoding: 'utf8',
      env: { ...process.env, ...slurm.env },
    })
  const started = ['--engine', 'slurm', '--device', 'cpu']
  const statusOf = (recipe: string) => JSON.parse(inSlurm('status', recipe, '--json').stdout) as SweepTable
  const states = (recipe: string) => statusOf(recipe).runs.map(({ state }) => state)
  const run = (index: number) => join(onlySweep(place) ?? 'none', 'runs', String(index))
  const inTheMiddle = (index: number) => until(() => onlySweep(place) && eventsOf(run(index), 'block').length > 0)
  const withOptions = (sweep: object, steps?: number) =>
    place.recipe('a', sweptRecipe({ ...sweep, slurm: { cpus: 1, memory: '400MB', time: '00:20:00' } }, steps))

  it('an array saves, byte for byte, what the local engine saves', async () => {
    const recipe = withOptions({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] })
    const { status, stderr } = inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    const table = statusOf(recipe)
    assert.equal(table.engine, 'slurm')
    assert.deepEqual(table.runs.map(({ state }) => state), ['done', 'done', 'done', 'done']) // prettier-ignore
    const saved = results(place)
    const here = await sweepPlace()
    try {
      const same = here.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] }))
      assert.equal(sweep(here, 'run', same, '--threads', '1', '--device', 'cpu').status, 0)
      assert.deepEqual(results(here), saved)
    } finally {
      here.remove()
    }
  })

  it('a task that is killed is failed, and alone is submitted again, where it was', async () => {
    const cases = [
      { name: 'long', set: { 'recover.steps': 5000 } },
      { name: 'short', set: {} },
    ]
    const recipe = withOptions({ cases })
    assert.equal(inSlurm('run', recipe, ...started, '--no-wait').status, 0)
    await inTheMiddle(0)
    process.kill(holderOf(run(0)) ?? 0, 'SIGKILL')
    await until(() => states(recipe).join() === 'failed,done')
    const again = inSlurm('run', recipe, ...started)
    assert.equal(again.status, 0, again.stderr)
    assert.match(again.stdout, /submitted 1 of 2 runs/)
    assert.equal(eventsOf(run(0), 'block').length, 3)
  })

  it('`cancel` stops a task, `run` goes on with it', async () => {
    const recipe = withOptions({ seed: [0, 1] }, 5000)
    inSlurm('run', recipe, ...started, '--no-wait')
    await inTheMiddle(0)
    assert.equal(inSlurm('cancel', recipe).status, 0)
    await until(() => states(recipe).join() === 'cancelled,cancelled')
    const { status, stderr } = inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
  })

  it('a task that Slurm requeues goes on from its last block', async () => {
    const recipe = withOptions({ seed: [0] }, 5000)
    inSlurm('run', recipe, ...started, '--no-wait')
    await inTheMiddle(0)
    const env = { ...process.env, ...slurm.env }
    const job = spawnSync('squeue', ['--noheader', '--array', '--format=%F_%K'], {
      encoding: 'utf8',
      env,
    }).stdout.trim()
    // Slurm lets a task that it requeues wait for two minutes.
    assert.equal(spawnSync('scontrol', ['requeue', job], { env }).status, 0)
    const { status, stderr } = inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    const starts = eventsOf(run(0), 'start') as { resumed?: boolean }[]
    assert.deepEqual(starts.map(({ resumed }) => resumed), [undefined, true]) // prettier-ignore
  })

  it('a node whose daemon dies and comes back costs nothing', async () => {
    const recipe = withOptions({ seed: [0] }, 5000)
    inSlurm('run', recipe, ...started, '--no-wait')
    await inTheMiddle(0)
    slurm.killNode()
    await slurm.startNode()
    const { status, stderr } = inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    assert.equal(eventsOf(run(0), 'block').length, 3)
  })

  it('a run that is out of time stops before it is killed, and goes on', async () => {
    const recipe = (time: string) =>
      place.recipe('a', sweptRecipe({ seed: [0], slurm: { time, memory: '400MB' } }, 200_000))
    assert.equal(inSlurm('run', recipe('1'), ...started).status, 130)
    assert.deepEqual(states(recipe('20')), ['cancelled'])
    inSlurm('run', recipe('20'), ...started, '--no-wait')
    await until(() => eventsOf(run(0), 'start').length === 2)
    inSlurm('cancel', recipe('20'))
    await until(() => states(recipe('20'))[0] === 'cancelled')
  })

  it('what sbatch refuses is one sentence with 2', () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0], slurm: { partition: 'nowhere' } }))
    const { status, stderr } = inSlurm('run', recipe, ...started)
    assert.equal(status, 2)
    assert.match(stderr, /sbatch refused: .*partition/)
  })
})

describe('a machine without Slurm', () => {
  it('says so, and what to do', async () => {
    const place = await sweepPlace()
    try {
      const recipe = place.recipe('a', sweptRecipe({ seed: [0] }))
      const { status, stderr } = spawnSync(process.execPath, [entry, 'sweep', 'run', recipe, '--engine', 'slurm'], {
        cwd: place.folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: place.folder },
      })
      assert.equal(status, 2)
      assert.match(stderr, /squeue is not on PATH.*--engine local/)
    } finally {
      place.remove()
    }
  })
})
