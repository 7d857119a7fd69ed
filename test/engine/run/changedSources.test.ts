// A run goes on, and saves, only with the files that it began with: told by what they hold, not by where they lie.
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { filesBelow, onlyRun } from '../../support/killedRuns.ts'
import { named } from '../../support/extent.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyIds } from '../../support/tinyModel.ts'

const data = 'ids.safetensors'
const recover = { train: ['bias', 'norm', 'mask_lora'], lora: { rank: 2, alpha: 4 }, steps: 4, lr: 1e-3 }
const recipe = tinyRecipe({
  recover: { mode: 'reconstruct', ...recover },
  evaluate: [{ data, seq_len: 16 }],
  save: { to: 'out' },
})
const retrained = { ...recipe, recover: { mode: 'retrain', data, samples: 8, seq_len: 16, ...recover } }

describe('sources of a run', () => {
  const here = runPlace({ threads: 1, tiny: true })
  beforeEach(() => writeFileSync(here.place.path('model', 'tokenizer_config.json'), '{}'))

  /** A run that is cancelled when its first block is finished. */
  async function cancelled(): Promise<string> {
    const abort = new AbortController()
    const onEvent = ({ type }: RunEvent) => type === 'block' && abort.abort()
    const begun = run(here.backend, { recipe: here.place.recipe('a', recipe), signal: abort.signal, onEvent })
    await assert.rejects(begun, { code: 'cancelled' })
    return onlyRun(here.place.folder) ?? ''
  }
  /** One bit of the last weight, in place. */
  function flip(path: string): void {
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(path, bytes)
  }

  it('are known by their content: a copied run resumes to the same files', async () => {
    const whole = await run(here.backend, { recipe: here.place.recipe('a', recipe) })
    const expected = filesBelow(here.place.path('out'), () => true)
    rmSync(whole.run, { recursive: true })
    rmSync(here.place.path('out'), { recursive: true })
    await cancelled()
    const copy = scratch()
    cpSync(here.place.folder, copy.folder, { recursive: true })
    // The first place is not looked at.
    renameSync(here.place.path('model'), here.place.path('gone'))
    const report = await run(here.backend, { resume: onlyRun(copy.folder) ?? '' })
    assert.deepEqual(
      filesBelow(copy.path('out'), () => true),
      expected,
    )
    assert.equal(report.output, copy.path('out'))
    assert.equal(report.evaluations.filter(({ stage }) => stage === 'dense').length, 1)
  })

  it('are refused in a copy with another model', async () => {
    await cancelled()
    const copy = scratch()
    cpSync(here.place.folder, copy.folder, { recursive: true, preserveTimestamps: true })
    const changes: [string, () => void][] = [
      ['model.safetensors', () => flip(copy.path('model', 'model.safetensors'))],
      ['config.json', () => appendFileSync(copy.path('model', 'config.json'), '\n')],
      ['tokenizer_config.json', () => rmSync(copy.path('model', 'tokenizer_config.json'))],
      ['tokenizer.json', () => writeFileSync(copy.path('model', 'tokenizer.json'), '{}')],
      [data, () => flip(copy.path(data))],
    ]
    for (const [name, change] of changes) {
      cpSync(here.place.path('model'), copy.path('model'), { recursive: true })
      change()
      const message = new RegExp(`${name.replace('.', '\\.')} changed since the run began`)
      await assert.rejects(
        run(here.backend, { resume: onlyRun(copy.folder) ?? '' }),
        { code: 'bad-data', message },
        name,
      )
    }
    assert.ok(!existsSync(copy.path('out')))
  })

  for (const [mode, chosen, moment] of [
    ['reconstruct', recipe, 'block'],
    ['retrain', retrained, 'step'],
  ] as const)
    for (const { name, path, change } of named(
      [
        { name: 'weights', path: 'model/model.safetensors', change: flip },
        { name: 'config.json', path: 'model/config.json', change: (file: string) => appendFileSync(file, ' ') },
        {
          name: 'a tokenizer',
          path: 'model/tokenizer_config.json',
          change: (file: string) => writeFileSync(file, '{"a":1}'),
        },
      ],
      ['weights'],
    ))
      it(`${name} changed in the middle of ${mode}: nothing is saved; put back, the run ends as if never disturbed`, async () => {
        await run(here.backend, { recipe: here.place.recipe('a', { ...chosen, save: { to: 'whole' } }) })
        const file = here.place.path(path)
        const before = readFileSync(file)
        let changed = false
        const onEvent = ({ type }: RunEvent) => {
          if (type !== moment || changed) return
          changed = true
          change(file)
        }
        const disturbed = scratch()
        // It has a workplace of its own, so that its one run is found; the model is the first one's.
        const far = { ...chosen, model: here.place.path('model') }
        writeTinyIds(disturbed.path(data))
        await assert.rejects(run(here.backend, { recipe: disturbed.recipe('a', far), onEvent }), {
          code: 'bad-data',
          message: new RegExp(`${path.split('/')[1].replace('.', '\\.')} changed since the run began`),
        })
        assert.deepEqual(
          Object.keys(filesBelow(disturbed.folder, () => false)).filter((name) => /^\.?out/.test(name)),
          [],
        )
        const folder = onlyRun(disturbed.folder) ?? ''
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { status: string }
        assert.equal(report.status, 'failed')
        writeFileSync(file, before)
        await run(here.backend, { resume: folder })
        for (const name of ['model.safetensors', 'sparsescope.mask'])
          assert.deepEqual(readFileSync(disturbed.path('out', name)), readFileSync(here.place.path('whole', name)))
      })
})
