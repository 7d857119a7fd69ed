// Sweeps that are killed, or whose runs are: they go on where they were, nothing is lost or done twice, and what comes out
// is what an undisturbed sweep gives, byte for byte.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { killedAt } from '../../support/killedRuns.ts'
import type { Scratch } from '../../support/scratch.ts'
import {
  eventsOf,
  heldInTheMiddle,
  holding,
  isAlive,
  onlySweep,
  results,
  sweep,
  sweepBeside,
  sweepJson,
  sweepPlace,
  sweptRecipe,
} from '../../support/sweeps.ts'
import { until } from '../../support/until.ts'

const cpu = ['--device', 'cpu']
const two = { seed: [0, 1] }
/** More than anybody waits for. */
const endlessSteps = 200_000
const all = process.env.SPARSESCOPE_TORTURE === '1'

describe('a sweep that is killed', function () {
  this.timeout(1_200_000)
  let place: Scratch
  beforeEach(async () => (place = await sweepPlace()))

  const run = (index: number) => join(onlySweep(place) ?? 'none', 'runs', String(index))
  const states = async (recipe: string) => (await sweepJson(place, 'status', recipe)).runs.map(({ state }) => state)
  const begin = (env: Record<string, string>, ...args: string[]) => sweepBeside(place, env, 'run', ...args, ...cpu)
  /** A run whose first block is saved, so that there is something to go on with. */
  const held = (index: number) => heldInTheMiddle(place, () => run(index))

  it('leaves no running process behind, and continues from what its runs have done', async () => {
    const recipe = place.recipe('a', sweptRecipe(two))
    const { child, ended } = begin(holding(place), recipe, '--jobs', '2')
    const holders = await Promise.all([held(0), held(1)])
    child.kill('SIGKILL')
    await ended
    for (const { goOn } of holders) goOn()
    await until('the runs to end', () => holders.every(({ pid }) => !isAlive(pid)))
    assert.ok(!(await states(recipe)).includes('running'))
    assert.equal((await sweep(place, 'run', recipe, '--jobs', '2', ...cpu)).status, 0)
    for (const i of [0, 1]) {
      const starts = eventsOf(run(i), 'start') as { resumed?: boolean }[]
      assert.deepEqual(
        starts.map(({ resumed }) => resumed),
        [undefined, true],
      )
      assert.equal(eventsOf(run(i), 'block').length, 3)
    }
  })

  it('says that a killed run failed, and starts it alone again', async () => {
    const recipe = place.recipe('a', sweptRecipe(two))
    const { ended } = begin(holding(place), recipe, '--jobs', '2')
    const [{ pid }, other] = await Promise.all([held(0), held(1)])
    other.goOn()
    process.kill(pid, 'SIGKILL')
    assert.equal(await ended, 1)
    const { runs } = await sweepJson(place, 'status', recipe)
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['failed', 'done'],
    )
    assert.match(runs[0].message ?? '', /ended without a message/)
    const done = readFileSync(join(run(1), 'events.jsonl'), 'utf8')
    assert.equal((await sweep(place, 'run', recipe, ...cpu)).status, 0)
    assert.equal(readFileSync(join(run(1), 'events.jsonl'), 'utf8'), done)
    assert.equal(eventsOf(run(0), 'block').length, 3)
  })

  it('stops all runs by Ctrl-C with 130, and resumes all of them', async () => {
    const recipe = place.recipe('a', sweptRecipe(two))
    const { child, ended } = begin(holding(place), recipe, '--jobs', '2')
    const holders = await Promise.all([held(0), held(1)])
    child.kill('SIGINT')
    // A run that goes on before the signal reaches it may be done first; one that is held longer is killed, with the same end.
    await setTimeout(500)
    for (const { goOn } of holders) goOn()
    assert.equal(await ended, 130)
    await until('the runs to end', () => holders.every(({ pid }) => !isAlive(pid)))
    assert.deepEqual(await states(recipe), ['cancelled', 'cancelled'])
    assert.equal((await sweep(place, 'run', recipe, '--jobs', '2', ...cpu)).status, 0)
  })

  it('stops only the run that `cancel` names', async () => {
    const cases = [
      { name: 'stopped', set: { 'recover.steps': endlessSteps } },
      { name: 'goes on', set: {} },
    ]
    const recipe = place.recipe('a', sweptRecipe({ cases }))
    const { ended } = begin(holding(place), recipe, '--jobs', '2')
    const { goOn } = await held(1)
    await until('a step of the first run', () => eventsOf(run(0), 'step').length > 0)
    assert.equal((await sweep(place, 'cancel', recipe, '--index', '0')).status, 0)
    goOn()
    assert.equal(await ended, 130)
    assert.deepEqual(await states(recipe), ['cancelled', 'done'])
  })

  it('stops by `cancel` a run that was begun by itself, too', async () => {
    const recipe = place.recipe('a', sweptRecipe(two, endlessSteps))
    const { ended } = begin({}, recipe, '--index', '1')
    await until('a step of the second run', () => onlySweep(place) && eventsOf(run(1), 'step').length > 0)
    assert.equal((await sweep(place, 'cancel', recipe, '--index', '1')).status, 0)
    assert.equal(await ended, 130)
    assert.equal((await states(recipe))[1], 'cancelled')
  })

  it('is never in two processes', async () => {
    const recipe = place.recipe('a', sweptRecipe(two))
    const { child, ended } = begin(holding(place), recipe)
    const { goOn } = await held(0)
    const { status, stderr } = await sweep(place, 'run', recipe, ...cpu)
    assert.equal(status, 2)
    assert.match(stderr, /in use by process/)
    child.kill('SIGINT')
    goOn()
    await ended
  })

  it('gives the same files wherever it or a run of it is killed, each measured once', async () => {
    const recipe = sweptRecipe(two)
    assert.equal((await sweep(place, 'run', place.recipe('a', recipe), ...cpu)).status, 0)
    const expected = results(place)
    for (const point of all ? Array.from({ length: 90 }, (_, i) => i + 1) : [2, 9, 30, 55]) {
      const killed = await sweepPlace()
      const path = killed.recipe('a', recipe)
      const args = ['sweep', 'run', path, ...cpu]
      // Either process is killed when it comes to its own point: the runs, at last the sweep itself.
      const whole = (() => {
        try {
          return !killedAt(point, killed.folder, ...args)
        } catch (error) {
          assert.match(String(error), /exit code 1/)
          return false
        }
      })()
      if (!whole) assert.equal((await sweep(killed, 'run', path, ...cpu)).status, 0, `killed at ${point}`)
      assert.deepEqual(results(killed), expected, `killed at ${point}`)
    }
  })
})
