// The Slurm engine against the real Slurm: submitted, watched, cancelled, killed; the result is the local engine's.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTasks } from '../../../src/engine/sweep/slurm.ts'
import { cliInWith, entry } from '../../support/cli.ts'
import type { Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'
import { slurmFor, type TestSlurm } from '../../support/slurm.ts'
import type { SweepTable } from '../../../src/runs/compared/sweepTable.ts'
import {
  eventsOf,
  heldInTheMiddle,
  holding,
  isAlive,
  onlySweep,
  results,
  sweep,
  sweepPlace,
  sweptRecipe,
} from '../../support/sweeps.ts'
import { until } from '../../support/until.ts'

describe('what squeue says', () => {
  it('has tasks that run or will, by array and index, and no others', () => {
    const text = '12|0|RUNNING\n12|1|PENDING\n12|2|COMPLETED\n12|3|FAILED\n9|1|REQUEUED\n12|N/A|RUNNING\nslurm: error\n'
    const alive = (id: string) => ({ id, isEnding: false })
    assert.deepEqual(
      [...parseTasks(text)],
      [
        [0, [alive('12_0')]],
        [1, [alive('12_1'), alive('9_1')]],
      ],
    )
  })

  it("tasks of the same sweep in another folder are somebody else's", () => {
    const both = '12|0|RUNNING|/a/sweep\n13|0|RUNNING|/b/a sweep\n'
    const ours = parseTasks(both, (folder) => folder === '/b/a sweep')
    assert.deepEqual([...ours], [[0, [{ id: '13_0', isEnding: false }]]])
  })

  it('may name a folder that ends in a space', () => {
    const isOurs = (folder: string) => folder === '/a/sweep '
    assert.deepEqual([...parseTasks('12|0|RUNNING|/a/sweep \r\n', isOurs).keys()], [0])
  })

  it('may end a task that Slurm begins again', () => {
    assert.deepEqual([...parseTasks('12|0|COMPLETING\n')], [[0, [{ id: '12_0', isEnding: true }]]])
  })
})

describe('sparsescope sweep --engine slurm', function () {
  this.timeout(600_000)
  let slurm: TestSlurm
  let place: Scratch
  before(async function () {
    slurm = await slurmFor(this)
  })
  after(() => slurm?.stop())
  beforeEach(async () => (place = await sweepPlace()))

  const inSlurm = (...args: string[]) => cliInWith(place.folder, slurm.env, 'sweep', ...args)
  /** Submits tasks that are held in the middle. */
  const submitHeld = async (recipe: string) => {
    const env = { ...slurm.env, ...holding(place) }
    const { status, stderr } = await cliInWith(place.folder, env, 'sweep', 'run', recipe, ...started, '--no-wait')
    assert.equal(status, 0, stderr)
  }
  const started = ['--engine', 'slurm', '--device', 'cpu']
  const statusOf = async (recipe: string) =>
    JSON.parse((await inSlurm('status', recipe, '--json')).stdout) as SweepTable
  const states = async (recipe: string) => (await statusOf(recipe)).runs.map(({ state }) => state)
  const run = (index: number) => join(onlySweep(place) ?? 'none', 'runs', String(index))
  /** `array_index` of the place's sweep, in their order: those that run or will, or all that Slurm remembers. */
  const tasks = (...which: 'all'[]) => {
    const args = ['--noheader', '--array', '--format=%F_%K|%Z', ...which.map((name) => `--states=${name}`)]
    const { stdout } = spawnSync('squeue', args, { encoding: 'utf8', env: { ...process.env, ...slurm.env } })
    const listed = stdout.split('\n').map((line) => line.split('|'))
    return listed.flatMap(([task, folder]) => (folder === onlySweep(place) ? [task] : [])).sort()
  }
  const held = (index: number) => heldInTheMiddle(place, () => run(index))
  const withOptions = (sweep: object, steps?: number) =>
    place.recipe('a', sweptRecipe({ ...sweep, slurm: { cpus: 1, memory: '400MB', time: '00:20:00' } }, steps))

  it('saves byte for byte what the local engine saves', async () => {
    const recipe = withOptions({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] })
    const { status, stderr } = await inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    const table = await statusOf(recipe)
    assert.equal(table.engine, 'slurm')
    assert.deepEqual(
      table.runs.map(({ state }) => state),
      ['done', 'done', 'done', 'done'],
    )
    const saved = results(place)
    const here = await sweepPlace()
    const same = here.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] }))
    assert.equal((await sweep(here, 'run', same, '--threads', '1', '--device', 'cpu')).status, 0)
    assert.deepEqual(results(here), saved)
  })

  it('submits a killed task alone again, and it continues where it was', async () => {
    const recipe = withOptions({ seed: [0, 1] })
    await submitHeld(recipe)
    const [{ pid }, other] = await Promise.all([held(0), held(1)])
    other.goOn()
    process.kill(pid, 'SIGKILL')
    await until('one failed run and one done', async () => (await states(recipe)).join() === 'failed,done')
    const again = await inSlurm('run', recipe, ...started)
    assert.equal(again.status, 0, again.stderr)
    assert.match(again.stdout, /submitted 1 of 2 runs/)
    assert.equal(eventsOf(run(0), 'block').length, 3)
  })

  it('stops one task or all by `cancel`, and resumes them by `run`', async () => {
    const recipe = withOptions({ seed: [0, 1] })
    await submitHeld(recipe)
    // Both stand still: neither may be done before it is cancelled, however unevenly the machine runs them.
    const [first, second] = await Promise.all([held(0), held(1)])
    assert.equal((await inSlurm('cancel', recipe, '--index', '1')).status, 0)
    await until(
      'the cancelled run to end',
      async () => !isAlive(second.pid) && (await states(recipe))[1] === 'cancelled',
    )
    assert.ok(isAlive(first.pid))
    assert.equal((await inSlurm('cancel', recipe)).status, 0)
    await until('both runs to be cancelled', async () => (await states(recipe)).join() === 'cancelled,cancelled')
    const { status, stderr } = await inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
  })

  it('follows the same array from another process, and submits nothing', async () => {
    const recipe = withOptions({ seed: [0] })
    const watching = spawn(process.execPath, [entry, 'sweep', 'run', recipe, ...started], {
      cwd: place.folder,
      stdio: 'ignore',
      env: { ...process.env, ...slurm.env, ...holding(place) },
    })
    const { pid, goOn } = await held(0)
    watching.kill('SIGKILL')
    const before = tasks()
    assert.equal(before.length, 1)
    assert.ok(isAlive(pid))
    goOn()
    const again = await inSlurm('run', onlySweep(place) ?? '', ...started)
    assert.equal(again.status, 0, again.stderr)
    assert.doesNotMatch(again.stdout, /submitted/)
    assert.equal(eventsOf(run(0), 'start').length, 1)
    assert.deepEqual(tasks('all'), before)
  })

  it('fails a run on a full disk with a message, and resumes it alone once there is room', async function () {
    const small = place.path('small')
    mkdirSync(small)
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status !== 0)
      cannot(this, 'a small disk needs the right to mount one')
    try {
      // Room for the sweep's own small files is elsewhere: only the result of one run is to lie here.
      writeFileSync(join(small, 'ballast'), Buffer.alloc(1000 * 1024))
      const cases = [
        { name: 'full', set: { 'save.to': 'small/out' } },
        { name: 'other', set: {} },
      ]
      const recipe = withOptions({ cases })
      const first = await inSlurm('run', recipe, ...started)
      assert.equal(first.status, 1, first.stderr)
      const { runs } = await statusOf(recipe)
      assert.deepEqual(
        runs.map(({ state }) => state),
        ['failed', 'done'],
      )
      assert.match(runs[0].message ?? '', /small: .* are needed for the result .* free some space/)
      rmSync(join(small, 'ballast'))
      const again = await inSlurm('run', recipe, ...started)
      assert.equal(again.status, 0, again.stderr)
      assert.match(again.stdout, /submitted 1 of 2 runs/)
      assert.ok(existsSync(join(small, 'out', 'model.safetensors')))
    } finally {
      spawnSync('umount', ['--lazy', small])
    }
  })

  it('continues from the last block of a task that Slurm requeues', async () => {
    const recipe = withOptions({ seed: [0] })
    await submitHeld(recipe)
    const { pid } = await held(0)
    const env = { ...process.env, ...slurm.env }
    assert.equal(spawnSync('scontrol', ['requeue', ...tasks()], { env }).status, 0)
    // Still held: the signal comes some time after `scontrol` ends, and the run could be done by then.
    await until('the task to be ended', () => !isAlive(pid))
    const { status, stderr } = await inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    const starts = eventsOf(run(0), 'start') as { resumed?: boolean }[]
    assert.deepEqual(
      starts.map(({ resumed }) => resumed),
      [undefined, true],
    )
  })

  it('loses no work when the daemon of a node dies and comes back', async () => {
    const recipe = withOptions({ seed: [0] })
    await submitHeld(recipe)
    const { goOn } = await held(0)
    slurm.killNode()
    await slurm.startNode()
    goOn()
    const { status, stderr } = await inSlurm('run', recipe, ...started)
    assert.equal(status, 0, stderr)
    assert.equal(eventsOf(run(0), 'block').length, 3)
  })

  it('stops a run before its time limit, and resumes it', async () => {
    const recipe = (time: string) =>
      place.recipe('a', sweptRecipe({ seed: [0], slurm: { time, memory: '400MB' } }, 200_000))
    let first = await inSlurm('run', recipe('1'), ...started)
    // Slurm looks at its limits twice a minute, at times before a new process hears signals.
    for (let left = 5; left > 0 && first.stdout.includes('it never started'); left--)
      first = await inSlurm('run', recipe('1'), ...started)
    const { status, stdout, stderr } = first
    assert.equal(status, 130, stdout + stderr)
    assert.match(stdout, /^cancelled seed=0: stopped, .* time limit; sparsescope sweep run continues it$/m)
    assert.deepEqual(await states(recipe('20')), ['cancelled'])
    await inSlurm('run', recipe('20'), ...started, '--no-wait')
    // A node may be busy ending the task before for some minutes on a slow machine.
    await until('the second start', () => eventsOf(run(0), 'start').length >= 2, 400_000)
    await inSlurm('cancel', recipe('20'))
    await until('the run to be cancelled', async () => (await states(recipe('20')))[0] === 'cancelled')
  })

  it('submits one array when it is started twice at once', async () => {
    const recipe = withOptions({ seed: [0, 1] })
    const submit = () =>
      new Promise<number | null>((resolve) => {
        const args = [entry, 'sweep', 'run', recipe, ...started, '--no-wait']
        const child = spawn(process.execPath, args, { cwd: place.folder, env: { ...process.env, ...slurm.env } })
        child.once('exit', resolve)
      })
    const codes = await Promise.all([submit(), submit()])
    // The second finds nothing to submit; while the first is at it, it is refused.
    assert.ok(codes.includes(0) && codes.every((code) => code === 0 || code === 2), codes.join())
    assert.equal(new Set(tasks('all').map((task) => task.split('_')[0])).size, 1)
    assert.equal((await inSlurm('run', recipe, ...started)).status, 0)
    for (const i of [0, 1]) assert.equal(eventsOf(run(i), 'start').length, 1)
  })

  it('says in one sentence with 2 what sbatch refuses', async () => {
    const recipe = place.recipe('a', sweptRecipe({ seed: [0], slurm: { partition: 'nowhere' } }))
    const { status, stderr } = await inSlurm('run', recipe, ...started)
    assert.equal(status, 2)
    assert.match(stderr, /sbatch refused: .*partition/)
  })

  it('takes from --slurm what the recipe leaves open, and checks it alike', async () => {
    const silent = place.recipe('a', sweptRecipe({ seed: [0] }))
    const given = await inSlurm('run', silent, ...started, '--slurm', 'partition=nowhere')
    assert.match(given.stderr, /sbatch refused: .*partition/)
    for (const [option, message] of [
      ['nonsense', /--slurm nonsense: write it like/],
      ['queue=gpu', /there is no queue; it has partition, /],
      ['cpus=many', /--slurm cpus=many: .*number/],
      ['partition=--wrap=x', /expected a name of the cluster/],
    ] as const) {
      const { status, stderr } = await inSlurm('run', silent, ...started, '--slurm', option)
      assert.equal(status, 2)
      assert.match(stderr, message)
    }
    const says = place.recipe('b', sweptRecipe({ seed: [0], slurm: { partition: 'debug', memory: '400MB' } }))
    const { status, stderr } = await inSlurm(
      'run',
      says,
      ...started,
      '--slurm',
      'partition=nowhere',
      '--slurm',
      'cpus=1',
    )
    assert.equal(status, 0, stderr)
  })
})

describe('a machine without Slurm', () => {
  it('says so, and what to do', async () => {
    const place = await sweepPlace()
    const recipe = place.recipe('a', sweptRecipe({ seed: [0] }))
    const env = { PATH: place.folder }
    const { status, stderr } = await cliInWith(place.folder, env, 'sweep', 'run', recipe, '--engine', 'slurm')
    assert.equal(status, 2)
    assert.match(stderr, /squeue is not on PATH.*--engine local/)
  })
})
