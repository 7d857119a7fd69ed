// The tab of a run in its host.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as module from '../../../src/extension/runs/runPanels.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { fakePanels, fakeUri } from '../../support/fakePanels.ts'
import { scratch } from '../../support/scratch.ts'
import { until } from '../../support/until.ts'

describe('the tab of a run', () => {
  it('that is shown again while the run goes on is sent every event once, in order', async () => {
    const folder = join(scratch().folder, '20261231-235958-mine')
    mkdirSync(folder)
    const file = join(folder, 'events.jsonl')
    const line = (t: number) => `${JSON.stringify({ t, type: 'warning', message: 'w'.repeat(1000) })}\n`
    const begun = 6000
    // Several megabytes, which are read part by part.
    writeFileSync(file, Array.from({ length: begun }, (_, t) => line(t)).join(''))
    const { vscode, panels } = fakePanels()
    const { RunPanels } = await extensionModule<typeof module>('runs/runPanels.ts', { vscode })
    let changed: (folders: string[]) => void = () => assert.fail('nobody listens')
    const store = {
      onChange: (listener: typeof changed) => {
        changed = listener
      },
      get: () => undefined,
      listings: () => [],
    }
    const services = {
      extensionUri: fakeUri('/e'),
      context: { subscriptions: [] },
      log: { failed: (error: unknown) => assert.fail(String(error)) },
    }
    new RunPanels(...([services, store, {}] as unknown as ConstructorParameters<typeof RunPanels>)).show(folder)
    const [panel] = panels
    /** The times of the events that the page has, as it takes them: 0 replaces all. */
    const taken = () => {
      let times: number[] = []
      for (const one of panel.posted) {
        if (one.type !== 'events') continue
        const { from, events } = one as unknown as { from: number; events: { t: number }[] }
        if (from === 0) times = []
        times.push(...events.slice(Math.max(0, times.length - from)).map(({ t }) => t))
      }
      return times
    }
    panel.say({ type: 'ready' })
    await until('the events', () => taken().length >= begun)
    panel.posted.length = 0
    appendFileSync(file, line(begun))
    changed([folder])
    panel.say({ type: 'ready' })
    await until('the next event', () => taken().length > begun)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(
      taken().findIndex((t, i) => t !== i),
      -1,
    )
    assert.equal(taken().length, begun + 1)
  })
})
