// A run folder has one process at a time, and what another writes into it is never written over.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeLock, lockName, lockRun, newHolder } from '../../../src/runs/lock/lock.ts'
import { childArguments } from '../../support/children.ts'
import { onlyRun } from '../../support/killedRuns.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run, runPlace } from '../../support/runs.ts'

const data = 'ids.safetensors'
const recipe = tinyRecipe({
  recover: { mode: 'retrain', train: ['bias'], steps: 40, lr: 1e-3, data, samples: 4, seq_len: 16 },
})

describe('a run that another process has', function () {
  this.timeout(300_000)
  const here = runPlace({ tiny: true })

  /** All that says how a run stands. */
  const standing = (folder: string) =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((name) => !name.startsWith(lockName) && name !== 'state')
        .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    )

  it('is refused before anything of it is read or written, also within the same process', async () => {
    const abort = new AbortController()
    const onEvent = ({ type }: { type: string }) => type === 'step' && abort.abort()
    await assert.rejects(run(here.backend, { recipe: here.place.recipe('a', recipe), signal: abort.signal, onEvent }))
    const folder = onlyRun(here.place.folder) ?? ''
    const lock = await lockRun(folder)
    // The holder's half-written record must not be taken for the state of things.
    writeFileSync(join(folder, 'state', 'progress.json'), 'half a rec')
    const before = standing(folder)
    await assert.rejects(run(here.backend, { resume: folder }), { code: 'exists', message: /is in use by process/ })
    assert.deepEqual(standing(folder), before)
    await lock.release()
  })

  it('gets no report, event or removed lock from the holder that was suspended while it was taken over', async () => {
    const path = here.place.recipe('a', recipe)
    let before: Record<string, string> | null = null
    const other = encodeLock({ ...newHolder(), pid: 1, host: 'elsewhere' }, 3)
    let stepped = false
    const onEvent = ({ type }: { type: string }) => void (stepped ||= type === 'step')
    const pausePoint = async () => {
      if (!stepped || before) return
      writeFileSync(join(onlyRun(here.place.folder) ?? '', lockName), other)
      // The heartbeat has the time to look; nothing is said from then on.
      await sleep(2500)
      before = standing(onlyRun(here.place.folder) ?? '')
    }
    await assert.rejects(run(here.backend, { recipe: path, onEvent, pausePoint }), {
      code: 'disk',
      message: /taken over by another process/,
    })
    const folder = onlyRun(here.place.folder) ?? ''
    assert.deepEqual(standing(folder), before)
    assert.equal(existsSync(join(folder, 'report.json')), false)
    assert.equal(readFileSync(join(folder, lockName), 'utf8'), other)
  })

  it('is cancelled where its process exits before the end: it says so before it releases the folder', () => {
    const path = here.place.recipe('a', recipe)
    const child = spawnSync(process.execPath, [...childArguments('leavingChild'), path], { encoding: 'utf8' })
    assert.equal(child.status, 130, child.stderr)
    const folder = onlyRun(here.place.folder) ?? ''
    const last = readFileSync(join(folder, 'events.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? ''
    const { type, status } = JSON.parse(last) as { type: string; status?: string }
    assert.deepEqual({ type, status }, { type: 'end', status: 'cancelled' })
    assert.equal(existsSync(join(folder, lockName)), false)
  })

  it('is finished once that process has ended it: its report stays as it is, and no lock remains', async () => {
    const { run: folder } = await run(here.backend, { recipe: here.place.recipe('a', recipe) })
    const before = standing(folder)
    await assert.rejects(run(here.backend, { resume: folder }), { code: 'usage', message: /is finished/ })
    assert.deepEqual(standing(folder), before)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(lockName)),
      [],
    )
  })
})
