import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { encodeLock, lockName, newHolder } from '../../../src/runs/lock/lock.ts'
import { EventFeed } from '../../../src/extension/runs/eventFeed.ts'
import { RunStore } from '../../../src/extension/runs/runStore.ts'
import { scratch } from '../../support/scratch.ts'

const step = (n: number): RunEvent => ({ t: n, type: 'step', step: n, loss: 1 / n, lr: 1, tokens_per_second: 1 })
const line = (event: RunEvent) => `${JSON.stringify(event)}\n`

const holder = { token: 'a'.repeat(32), pid: 1, host: 'elsewhere', boot: null, pidSpace: null }

describe('the store of runs', () => {
  let folder = ''
  let events = ''
  beforeEach(() => {
    folder = join(scratch().folder, '20261231-235958-opt')
    mkdirSync(folder)
    events = join(folder, 'events.jsonl')
  })

  it('reads only what was added, and waits for the end of a line', async () => {
    const store = new RunStore()
    const told: [number, number][] = []
    const feed = new EventFeed(folder, (from, list) => told.push([from, list.length]))
    const changes: string[] = []
    store.onChange((of) => changes.push(...of))
    writeFileSync(events, line(step(1)) + line(step(2)))
    const refresh = async () => {
      const isTold = new Promise<void>((resolve) => {
        const listener = store.onChange(() => (listener.dispose(), resolve()))
      })
      await store.refresh(folder)
      await Promise.all([feed.read(), isTold])
    }
    await refresh()
    appendFileSync(events, line(step(3)) + line(step(4)).slice(0, 10))
    await refresh()
    appendFileSync(events, line(step(4)).slice(10))
    await refresh()
    assert.deepEqual(changes, [folder, folder, folder])
    assert.deepEqual(told, [
      [0, 2],
      [2, 1],
      [3, 1],
    ])
    await feed.replay()
    assert.deepEqual(told.slice(3), [
      [0, 0],
      [0, 4],
    ])
  })

  it('starts over when a resumed run has removed lines', async () => {
    const told: [number, number][] = []
    const feed = new EventFeed(folder, (from, list) => told.push([from, list.length]))
    writeFileSync(events, line(step(1)) + line(step(2)) + line(step(3)))
    await feed.read()
    writeFileSync(events, line(step(1)))
    await feed.read()
    assert.deepEqual(told.at(-1), [0, 1])
  })

  it('calls a run interrupted if it has no end and its lock does not change', async function () {
    this.timeout(300_000)
    const store = new RunStore()
    writeFileSync(events, line(step(1)))
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'interrupted')
    const lock = join(folder, lockName)
    writeFileSync(lock, encodeLock(holder, 1))
    appendFileSync(events, line(step(2)))
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'running')
    // Another machine's clock, or a process that was killed a minute ago.
    const earlier = new Date(Date.now() - 60_000)
    utimesSync(lock, earlier, earlier)
    const reading = store.refresh(folder)
    setTimeout(() => writeFileSync(lock, encodeLock(holder, 2)), 200)
    await reading
    assert.equal(store.get(folder)?.status, 'running')
    utimesSync(lock, earlier, earlier)
    // It has moved since its text was last looked at; from then on it stands still.
    await store.refresh(folder)
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'interrupted')
  })

  it('calls a run interrupted as soon as its process died', async () => {
    const store = new RunStore()
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(events, line(step(1)))
    writeFileSync(join(folder, lockName), encodeLock({ ...newHolder(), pid: dead }, 1))
    await store.begin(folder)
    appendFileSync(events, line(step(2)))
    await store.end(folder)
    assert.equal(store.get(folder)?.status, 'interrupted')
    writeFileSync(join(folder, lockName), encodeLock(newHolder(), 1))
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'running')
  })

  it('calls a run done when its report and its end exist', async () => {
    const store = new RunStore()
    writeFileSync(events, line(step(1)) + line({ t: 2, type: 'end', status: 'done' }))
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'interrupted')
    writeFileSync(
      join(folder, 'report.json'),
      JSON.stringify({ status: 'done', perplexity: { recovered: 31 }, output: '/out' }),
    )
    await store.refresh(folder)
    const run = store.get(folder)
    assert.deepEqual([run?.status, run?.saved, run?.state.report?.perplexity.recovered], ['done', '/out', 31])
  })

  it('keeps no events of runs that are done', async () => {
    const store = new RunStore()
    const noise = line(step(1)).repeat(50_000)
    writeFileSync(events, noise + line({ t: 2, type: 'end', status: 'done' }))
    writeFileSync(join(folder, 'report.json'), JSON.stringify({ status: 'done' }))
    await store.refresh(folder)
    assert.deepEqual([store.get(folder)?.status, store.get(folder)?.state.summary], ['done', null])
  })

  it('keeps the state of a run that this window takes up meanwhile', async () => {
    const store = new RunStore()
    writeFileSync(events, line(step(1)))
    const looking = store.refresh(folder)
    const taken = store.begin(folder)
    store.setPaused(folder, true)
    await Promise.all([looking, taken])
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'paused')
  })

  it('names a run by its recipe, with its time apart', async () => {
    const store = new RunStore()
    writeFileSync(events, line(step(1)))
    await store.refresh(folder)
    const [{ name, time }] = store.listings()
    assert.deepEqual([name, time], ['opt', '2026-12-31 23:59:58'])
  })

  it('drops a run whose folder is removed', async () => {
    const store = new RunStore()
    writeFileSync(events, line(step(1)))
    writeFileSync(join(folder, lockName), encodeLock(holder, 1))
    await store.refresh(folder)
    assert.equal(store.get(folder)?.status, 'running')
    rmSync(folder, { recursive: true })
    await store.refresh(folder)
    assert.deepEqual(store.list(), [])
  })

  it('does not count a folder without events as a run', async () => {
    const store = new RunStore()
    await store.refresh(folder)
    assert.deepEqual(store.list(), [])
  })
})
