// The place of the result is made sure before the work, and may be another one when the run is resumed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { splitSaveTo } from '../../../../src/engine/run/open/resumeRun.ts'
import { filesBelow, onlyRun } from '../../../support/killedRuns.ts'
import { tinyRecipe } from '../../../support/recipes.ts'
import { run, runPlace } from '../../../support/runs.ts'
import type { Scratch } from '../../../support/scratch.ts'
import { cannot } from '../../../support/skip.ts'

const data = 'ids.safetensors'
const recipe = tinyRecipe({
  save: { to: 'deep/out' },
})

describe('the place of the result', () => {
  const here = runPlace({ threads: 1, tiny: true })

  async function cancelled(more: object = {}): Promise<string> {
    const abort = new AbortController()
    const onEvent = ({ type }: RunEvent) => type === 'block' && abort.abort()
    const begun = run(here.backend, {
      recipe: here.place.recipe('a', { ...recipe, ...more }),
      signal: abort.signal,
      onEvent,
    })
    await assert.rejects(begun, { code: 'cancelled' })
    return onlyRun(here.place.folder) ?? ''
  }
  const top = () => readdirSync(here.place.folder).sort()

  it('takes shape in a hidden sibling from the first block on, and goes with a run that is cancelled', async () => {
    const seen: string[] = []
    const onEvent = ({ type }: RunEvent) => type === 'block' && seen.push(...readdirSync(here.place.path('deep')))
    await run(here.backend, { recipe: here.place.recipe('b', recipe), onEvent })
    assert.equal(new Set(seen).size, 1)
    assert.match(seen[0], /^\.out\.partial-/)
    assert.deepEqual(readdirSync(here.place.path('deep')), ['out'])
    const before = top()
    await cancelled({ save: { to: 'other/place/out' } }).catch(() => undefined)
    assert.deepEqual(
      top().filter((name) => !before.includes(name)),
      ['a.prune.yaml'],
    )
  })

  it('may be another one for a resumed run, with the same files', async () => {
    await run(here.backend, { recipe: here.place.recipe('b', { ...recipe, save: { to: 'whole' } }) })
    const whole = filesBelow(here.place.path('whole'), (name) => name !== 'sparsescope.json')
    const folder = (await cancelledBeside(here.place)).folder
    const report = await run(here.backend, { resume: folder, settings: ['save.to=elsewhere/b'] })
    assert.equal(report.output, here.place.path('elsewhere', 'b'))
    assert.deepEqual(
      filesBelow(here.place.path('elsewhere', 'b'), (name) => name !== 'sparsescope.json'),
      whole,
    )
    const note = JSON.parse(readFileSync(here.place.path('elsewhere', 'b', 'sparsescope.json'), 'utf8')) as {
      recipe: { save: { to: string } }
    }
    assert.equal(note.recipe.save.to, 'elsewhere/b')
    assert.ok(!existsSync(here.place.path('deep')))
  })

  it('is remembered by a run that received it and was cancelled again', async () => {
    const folder = await cancelled()
    const abort = new AbortController()
    const onEvent = ({ type }: RunEvent) => type === 'block' && abort.abort()
    const again = run(here.backend, { resume: folder, settings: ['save.to=elsewhere'], signal: abort.signal, onEvent })
    await assert.rejects(again, { code: 'cancelled' })
    const report = await run(here.backend, { resume: folder })
    assert.equal(report.output, here.place.path('elsewhere'))
    assert.deepEqual(top(), ['.sparsescope', 'a.prune.yaml', 'elsewhere', data, 'model'].sort())
  })

  it('is the one setting that may change; it must be free, apart from the model, and wanted at all', async () => {
    const folder = await cancelled()
    const refused = (settings: string[], error: object, more: object = {}) =>
      assert.rejects(run(here.backend, { resume: folder, settings, ...more }), error)
    const changed =
      /with --set prune\.0\.sparsity=0\.4 is not the recipe .*; resume without these settings \(save\.to alone/
    await refused(['save.to=x', 'prune.0.sparsity=0.4'], { code: 'bad-recipe', message: changed })
    await refused(['save.max_shard=1GB'], { code: 'bad-recipe' })
    await refused(['save.to=model/out'], { code: 'usage', message: /inside the folder of the model/ })
    mkdirSync(here.place.path('taken'))
    await refused(['save.to=taken'], { code: 'exists' })
    const other = here.place.recipe('b', { ...recipe, save: { to: 'x' } })
    const edited = /b\.prune\.yaml is not the recipe that this run began with; resume without it/
    await refused([], { code: 'bad-recipe', message: edited }, { recipe: other })
    assert.equal(
      (await run(here.backend, { resume: folder, settings: ['save.to=x'], recipe: other })).output,
      here.place.path('x'),
    )
  })

  it('is refused before any work where another run has saved there since, and may then be another one', async () => {
    const folder = await cancelled()
    // The same recipe from the beginning, as a person runs it who forgot the first.
    await run(here.backend, { recipe: here.place.path('a.prune.yaml') })
    const begun: string[] = []
    const resumed = run(here.backend, { resume: folder, onEvent: ({ type }) => begun.push(type) })
    await assert.rejects(resumed, {
      code: 'exists',
      message: /deep.out exists already; .*or resume with --set save\.to=/,
    })
    assert.deepEqual(begun, [])
    assert.ok((await run(here.backend, { resume: folder, settings: ['save.to=x'] })).output)
  })

  it('cannot be given to a run whose recipe saves nothing', async () => {
    const folder = await cancelled({ save: undefined })
    const resumed = run(here.backend, { resume: folder, settings: ['save.to=x'] })
    await assert.rejects(resumed, { code: 'usage', message: /has no `save`/ })
  })

  it('is accepted in settings only if it is a path', () => {
    assert.deepEqual(splitSaveTo(['save.to=a', 'seed=1', 'save.to=b']), { to: 'b', others: ['seed=1'] })
    assert.deepEqual(splitSaveTo(['save.to=[1]', 'x']), { to: null, others: ['save.to=[1]', 'x'] })
  })

  it('is refused on a small or read-only disk before a run folder is made, and before the first block where that changes later', async function () {
    const mount = here.place.path('small')
    mkdirSync(mount)
    const blocks: RunEvent[] = []
    const onEvent = (event: RunEvent) => event.type === 'block' && blocks.push(event)
    for (const [option, message] of [
      ['size=4k', /small.* are needed for the result and .* are free/],
      ['ro', /small.*read-only/],
    ] as const) {
      rmSync(here.place.path('.sparsescope'), { recursive: true, force: true })
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', option, 'tmpfs', mount]).status !== 0)
        return cannot(this, 'only root can mount a small file system')
      try {
        const there = { ...recipe, save: { to: 'small/deep/out' } }
        await assert.rejects(run(here.backend, { recipe: here.place.recipe('b', there), onEvent }), {
          code: 'disk',
          message,
        })
        assert.equal(onlyRun(here.place.folder), null)
        const folder = await cancelledElsewhere()
        await assert.rejects(run(here.backend, { resume: folder, settings: ['save.to=small/out'], onEvent }), {
          code: 'disk',
          message,
        })
        assert.deepEqual([blocks, readdirSync(mount)], [[], []])
      } finally {
        spawnSync('umount', [mount])
      }
    }
  })

  it('does not help if the folder of the recipe cannot hold the run, and the message says so', async function () {
    const mount = here.place.path('fixed')
    mkdirSync(mount)
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', mount]).status !== 0)
      return cannot(this, 'only root can mount a small file system')
    try {
      const absolute = {
        ...recipe,
        model: here.place.path('model'),
        calibration: { ...recipe.calibration, data: here.place.path(data) },
        save: { to: here.place.path('out') },
      }
      writeFileSync(join(mount, 'a.prune.yaml'), JSON.stringify(absolute))
      spawnSync('mount', ['-o', 'remount,ro', mount])
      const refused = { code: 'disk', message: /cannot write .*fixed\/\.sparsescope\/runs.*read-only/ }
      await assert.rejects(run(here.backend, { recipe: join(mount, 'a.prune.yaml') }), refused)
      assert.ok(!existsSync(here.place.path('out')))
    } finally {
      spawnSync('umount', [mount])
    }
  })

  /** In another workplace, where a run is still alone. */
  async function cancelledElsewhere(): Promise<string> {
    return (await cancelledBeside(here.place)).folder
  }

  async function cancelledBeside({ path }: Scratch): Promise<{ folder: string }> {
    const abort = new AbortController()
    let folder = ''
    const onEvent = ({ type }: RunEvent) => type === 'block' && abort.abort()
    const file = here.place.recipe('c', recipe)
    const begun = run(here.backend, { recipe: file, signal: abort.signal, onEvent, onFolder: (at) => (folder = at) })
    await assert.rejects(begun, { code: 'cancelled' })
    assert.ok(!existsSync(path('deep')))
    return { folder }
  }
})
