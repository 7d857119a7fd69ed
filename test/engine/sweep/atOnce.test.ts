// One recipe that several processes begin as a sweep at the same moment: one sweep, each run once.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findOrCreateSweep } from '../../../src/engine/sweep/openSweep.ts'
import { commandsBeside } from '../../support/besides.ts'
import type { Scratch } from '../../support/scratch.ts'
import { eventsOf, onlySweep, sweepJson, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

/** Far more than a sweep takes. */
const patienceMs = 300_000
const rounds = process.env.SPARSESCOPE_TORTURE === '1' ? 40 : 6

describe('a sweep that is begun twice at once', function () {
  this.timeout(600_000)
  let place: Scratch
  beforeEach(async () => (place = await sweepPlace()))

  const two = [commandsBeside(patienceMs), commandsBeside(patienceMs)]
  after(() => two.forEach((beside) => beside.stop()))

  it(`runs each run once; the second process says who has it, or finds it done (${rounds} times)`, async () => {
    for (let round = 0; round < rounds; round++) {
      const recipe = place.recipe('a', sweptRecipe({ 'recover.lr': [1e-3, 2e-3] }))
      const both = await Promise.all(
        two.map((beside) => beside.cliIn(place.folder, 'sweep', 'run', recipe, '--device', 'cpu')),
      )
      // Which throws when there are two.
      const folder = onlySweep(place) ?? ''
      for (const i of [0, 1]) {
        const said = ['start', 'block', 'end'].map((type) => eventsOf(join(folder, 'runs', String(i)), type).length)
        assert.deepEqual(said, [1, 3, 1])
      }
      assert.ok(both.some((one) => one?.status === 0))
      for (const one of both.filter((one) => one?.status !== 0)) {
        assert.equal(one?.status, 2, one?.stderr)
        assert.match(one.stderr, /is in use by process \d+; .* sparsescope sweep status /)
      }
      assert.deepEqual(
        (await sweepJson(place, 'status', recipe)).runs.map(({ state }) => state),
        ['done', 'done'],
      )
      place = await sweepPlace()
    }
  })

  it('has one folder, however many look for it', async () => {
    const path = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    const found = await Promise.all(
      Array.from({ length: 12 }, async () => {
        return (await findOrCreateSweep({ path, settings: [] })).sweep
      }),
    )
    assert.equal(new Set(found.map(({ folder }) => folder.path)).size, 1)
    // The lock is given back: what was left of it would hold up whoever comes next.
    const begins = place.path('.sparsescope', 'sweeps', '.begins')
    assert.ok(existsSync(begins))
    assert.deepEqual(readdirSync(begins), [])
  })
})
