// Calibration and training on several files: windows of each in turns.
import assert from 'node:assert/strict'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mixedWindows } from '../../../src/engine/run/open/runData.ts'
import { padRows, type Windows } from '../../../src/engine/text/windows.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { onlyRun } from '../../support/killedRuns.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'
import { safetensors } from '../../support/safetensors.ts'

const length = 16
const rows = 8

describe('windows of several files', () => {
  const here = runPlace({ threads: 1, tiny: true })

  /** `ids.safetensors` dealt out to so many files. */
  function deal(files: number): string[] {
    const whole = readFileSync(here.place.path('ids.safetensors'))
    const ids = whole.subarray(whole.length - rows * length * 4)
    return Array.from({ length: files }, (_, file) => {
      const own = Array.from({ length: rows }, (_, r) => r).filter((r) => r % files === file)
      const data = Buffer.concat(own.map((r) => ids.subarray(r * length * 4, (r + 1) * length * 4)))
      const name = `part-${file}.safetensors`
      writeFileSync(here.place.path(name), safetensors({ ids: { dtype: 'I32', shape: [own.length, length], data } }))
      return name
    })
  }
  const recipe = (data: string | string[], to: string) =>
    tinyRecipe({
      calibration: { data },
      recover: { mode: 'retrain', data, train: ['norm', 'mask_lora'], lora: { rank: 2, alpha: 4 }, steps: 8, lr: 1e-3 },
      save: { to },
    })
  const weights = (to: string) => readFileSync(here.place.path(to, 'model.safetensors'))

  for (const files of [2, 3])
    it(`give the model of one file when its ids are dealt out to ${files} files`, async () => {
      // Three files give as many as the smallest: two each.
      const used = files * Math.floor(rows / files)
      const whole = recipe('ids.safetensors', 'whole')
      const one = { ...whole, calibration: { data: 'ids.safetensors', samples: used } }
      const alone = { ...one, recover: { ...one.recover, samples: used } }
      await run(here.backend, { recipe: here.place.recipe('whole', alone) })
      const report = await run(here.backend, { recipe: here.place.recipe('dealt', recipe(deal(files), 'dealt')) })
      assert.deepEqual(weights('dealt'), weights('whole'))
      assert.match(
        report.protocol.join('\n'),
        new RegExp(`Calibration on .*part-0.* and .*part-${files - 1}.safetensors in equal parts: ${used} windows`),
      )
    })

  it('are the same in a resumed run, which is refused where a file changed', async () => {
    const data = deal(2)
    const abort = new AbortController()
    const onEvent = ({ type }: RunEvent) => type === 'block' && abort.abort()
    const file = here.place.recipe('stopped', recipe(data, 'stopped'))
    await assert.rejects(run(here.backend, { recipe: file, signal: abort.signal, onEvent }), { code: 'cancelled' })
    const stopped = onlyRun(here.place.folder) ?? ''
    const second = here.place.path(data[1])
    const before = readFileSync(second)
    const changed = Buffer.from(before)
    changed[changed.length - 4] ^= 1
    writeFileSync(second, changed)
    await assert.rejects(run(here.backend, { resume: stopped }), {
      code: 'bad-data',
      message: /part-1\.safetensors changed since the run began/,
    })
    writeFileSync(second, before)
    await run(here.backend, { resume: stopped })
    await run(here.backend, { recipe: here.place.recipe('whole', recipe(data, 'whole')) })
    assert.deepEqual(weights('stopped'), weights('whole'))
  })

  it('are refused for one file under two names', async () => {
    const [first] = deal(2)
    symlinkSync(here.place.path(first), here.place.path('link.safetensors'))
    for (const twin of [here.place.path(first), 'link.safetensors']) {
      const file = here.place.recipe('twice', recipe([first, twin], 'twice'))
      await assert.rejects(run(here.backend, { recipe: file }), {
        code: 'usage',
        message: /are one file: name each file once/,
      })
    }
  })

  it('are refused with the name of a file that has too few', async () => {
    const [few, many] = deal(2)
    const asked = recipe([few, many], 'out')
    const file = here.place.recipe('few', { ...asked, calibration: { data: [few, many], samples: 12 } })
    await assert.rejects(run(here.backend, { recipe: file }), {
      code: 'bad-data',
      message: /part-0.* 4 rows, 6 are needed/,
    })
  })
})

describe('windows in turns', () => {
  const windows = (ids: number[][]): Windows =>
    padRows(
      ids.map((row) => Int32Array.from(row)),
      3,
    )
  const texts: Record<string, number[][]> = {
    a: [
      [1, 2, 3],
      [4, 5],
    ],
    b: [[6, 7, 8]],
    c: [[9]],
  }
  const load = async (path: string, samples: number) => windows(texts[path].slice(0, samples))

  it('are one more of the first files where the number is no multiple', async () => {
    const { ids, mask, labels, windows } = await mixedWindows(['a', 'b', 'c'], { samples: 4, seqLen: 3 }, load)
    assert.equal(windows, 4)
    assert.deepEqual([...ids], [1, 2, 3, 6, 7, 8, 9, 0, 0, 4, 5, 0])
    assert.deepEqual([...(mask ?? [])], [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0])
    assert.deepEqual([...(labels ?? [])], [1, 2, 3, 6, 7, 8, 9, -100, -100, 4, 5, -100])
  })

  it('are refused before a file is read where a run cannot hold as many ids', async () => {
    const unread = () => assert.fail('read')
    const asked = mixedWindows(['a', 'b'], { samples: 1e9, seqLen: 512 }, unread)
    await assert.rejects(asked, { code: 'bad-data', message: /^a, b: 1000000000 windows of 512 tokens are more/ })
  })
})
