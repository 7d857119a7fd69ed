// A run whose sparsities grow with depth, by a spread that the recipe names or that the run finds by trying.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { noteFacts, readNote } from '../../../src/engine/run/origin/note.ts'
import { parseEvents } from '../../../src/runs/events/parseEvents.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'

describe('allocation depth in a run', () => {
  const here = runPlace({ tiny: true })
  const data = 'ids.safetensors'
  const recipe = (name: string, step: object, more: object = {}) =>
    here.place.recipe(
      name,
      tinyRecipe({ prune: [{ method: 'wanda', sparsity: 0.5, ...step }], save: { to: name }, ...more }),
    )
  const ran = (name: string, step: object, more: object = {}) => run(here.backend, { recipe: recipe(name, step, more) })
  const weights = (name: string) => readFileSync(here.place.path(name, 'model.safetensors'))

  it('gives the bytes of the list from s − d to s + d, without calibration too', async () => {
    for (const [method, more] of [
      ['wanda', {}],
      ['magnitude', { calibration: undefined }],
    ] as const) {
      const { blocks } = await ran(`${method}-depth`, { method, allocation: 'depth', depth: { spread: 0.2 } }, more)
      await ran(`${method}-list`, { method, sparsity: [0.3, 0.7] }, more)
      assert.deepEqual(weights(`${method}-depth`), weights(`${method}-list`))
      const share = (block: number) => Object.values(blocks[block].modules)[0].sparsity
      assert.ok(share(0) < share(blocks.length - 1))
    }
  })

  for (const method of ['wanda', 'magnitude', 'sparsegpt'])
    it(`auto takes the spread with the lowest loss, and says so everywhere: ${method}`, async () => {
      const report = await ran('out', { method, allocation: 'depth', depth: { spread: 'auto' } })
      const [chosen, ...others] = report.allocations
      assert.deepEqual([others.length, chosen.step, chosen.allocation, chosen.key], [0, 0, 'depth', 'spread'])
      assert.deepEqual(
        chosen.tried.map(({ value }) => value),
        [0.05, 0.1, 0.15],
      )
      const losses = chosen.tried.map(({ loss }) => loss ?? NaN)
      assert.equal(chosen.tried[losses.indexOf(Math.min(...losses))].value, chosen.value)
      assert.equal(new Set(losses).size, 3)
      await ran('same', { method, allocation: 'depth', depth: { spread: chosen.value } })
      assert.deepEqual(weights('out'), weights('same'))
      const events = parseEvents(readFileSync(runFolderAt(report.run).events, 'utf8').split('\n'))
      const said = events.flatMap((event) => (event.type === 'allocation' ? [event.value] : []))
      assert.deepEqual(said, [chosen.value])
      assert.ok(report.protocol.some((sentence) => sentence.includes(`spread ${chosen.value} leaves the lowest loss`)))
      const note = await readNote(here.place.path('out'))
      assert.equal(note?.recipe.prune[0].depth?.spread, chosen.value)
      assert.ok(note && noteFacts(note).some(([, fact]) => fact.includes(`allocation depth (spread ${chosen.value})`)))
    })

  it('auto continues with the next value where it was cancelled, to the same choice and the same bytes', async () => {
    const step = { allocation: 'depth', depth: { spread: 'auto' } }
    const whole = await ran('out', step)
    const controller = new AbortController()
    let phase = ''
    const onEvent = (event: RunEvent) => {
      if (event.type === 'phase') phase = event.phase
      if (event.type === 'progress' && phase === 'calibrate' && event.done > event.total / 3) controller.abort()
    }
    const cancelled = run(here.backend, { recipe: recipe('cut', step), signal: controller.signal, onEvent })
    await assert.rejects(cancelled, /cancelled/)
    const folder = here.place.path('.sparsescope', 'runs')
    const name = readdirSync(folder).find((one) => one.endsWith('-cut')) ?? ''
    const state = JSON.parse(readFileSync(join(folder, name, 'state', 'progress.json'), 'utf8')) as {
      trialLosses: number[]
      chosen: unknown[]
    }
    assert.ok(state.trialLosses.length > 0 && state.trialLosses.length < 3, `${state.trialLosses.length} were tried`)
    assert.deepEqual(state.chosen, [])
    const resumed = await run(here.backend, { resume: join(folder, name) })
    assert.deepEqual(resumed.allocations, whole.allocations)
    assert.deepEqual(weights('cut'), weights('out'))
  })

  it('auto with recoveries while it prunes, and with the pruned model saved, tries once', async () => {
    const more = {
      recover: { mode: 'refit' },
      save: { to: 'out', pruned: 'out-pruned' },
      evaluate: [{ data, seq_len: 16, at: ['pruned'] }],
    }
    const report = await ran('refitted', { allocation: 'depth', depth: { spread: 'auto' } }, more)
    const events = readFileSync(runFolderAt(report.run).events, 'utf8')
    assert.equal(events.match(/"type":"allocation"/g)?.length, 1)
  })

  it('says in a dry run from where to where, or what is tried, and its time', async () => {
    const planOf = async (spread: unknown) => {
      const path = recipe(`dry-${String(spread)}`, { allocation: 'depth', depth: { spread } })
      return {
        text: (await cli('run', path, '--dry-run')).stdout,
        json: (await cliJson('run', path, '--dry-run')) as { estimates: { seconds: number } },
      }
    }
    const [named, auto] = [await planOf(0.2), await planOf('auto')]
    assert.match(named.text, /allocation depth: 0\.5 on average; 0\.3 in the first block to 0\.7 in the last/)
    assert.match(auto.text, /allocation depth: 0\.5 on average; tries spreads of 0\.05, 0\.1 and 0\.15 on 8 windows/)
    assert.ok(auto.json.estimates.seconds > named.json.estimates.seconds)
  })

  it('is refused with N:M, with a list, with too wide a spread, and auto without calibration', async () => {
    for (const [name, step, more] of [
      ['nm', { sparsity: undefined, pattern: '2:4' }, {}],
      ['list', { sparsity: [0.5, 0.6] }, {}],
      ['wide', { sparsity: 0.9, depth: { spread: 0.2 } }, {}],
      ['bare', { method: 'magnitude', depth: { spread: 'auto' } }, { calibration: undefined }],
    ] as const) {
      const { status, stderr } = await cli(
        'run',
        recipe(name, { allocation: 'depth', ...step }, more),
        '--device',
        'cpu',
      )
      assert.equal(status, 2, name)
      assert.match(stderr, /allocation depth|spread of 0\.2/)
    }
  })
})
