// The tab of all runs in its host, while they are being read.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as module from '../../../src/extension/sweeps/sweepPanels.ts'
import { Sweeps } from '../../../src/extension/sweeps/sweeps.ts'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { recordedRun } from '../../webview/harness/recorded.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { fakePanels, fakeUri, settled, type FakePanel } from '../../support/fakePanels.ts'
import { scratch } from '../../support/scratch.ts'
import { until } from '../../support/until.ts'

describe('the tab of all runs', () => {
  let own: string[]
  let subscribed: () => void
  const listeners = new Set<() => void>()
  const store = {
    list: () => own.map((folder) => new RunReader({ name: '', settings: {}, folder })),
    onChange(listener: () => void) {
      listeners.add(listener)
      subscribed()
      return { dispose: () => void listeners.delete(listener) }
    },
  }
  beforeEach(() => {
    listeners.clear()
    ;[own, subscribed] = [[], () => undefined]
    begin('20261230-000000-first')
  })
  function begin(name: string): void {
    const folder = join(scratch().folder, 'runs', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'events.jsonl'),
      recordedRun(2)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    )
    own.push(folder)
  }
  async function shown(findRuns: () => Promise<void>): Promise<FakePanel> {
    const { vscode, panels } = fakePanels({ workspace: { workspaceFolders: [] } })
    const { SweepPanels } = await extensionModule<typeof module>('sweeps/sweepPanels.ts', { vscode })
    const services = {
      extensionUri: fakeUri('/e'),
      context: { subscriptions: [] },
      log: { failed: (error: unknown) => assert.fail(String(error)) },
    }
    const given = [services, new Sweeps(() => Promise.resolve(new Set())), store, findRuns]
    new SweepPanels(...(given as unknown as ConstructorParameters<typeof SweepPanels>)).show({ experiments: true })
    return panels[0]
  }
  const rowsIn = ({ posted }: FakePanel) =>
    posted.flatMap((one) => (one.type === 'compared' ? [(one as unknown as { rows: object[] }).rows.length] : []))

  it('reads them once, also if it is hidden and shown again meanwhile', async () => {
    const searches: (() => void)[] = []
    const panel = await shown(() => new Promise((resolve) => searches.push(resolve)))
    panel.say({ type: 'ready' })
    panel.say({ type: 'ready' })
    await settled()
    for (const end of searches) end()
    await until('both searches', () => rowsIn(panel).length > 1)
    assert.equal(listeners.size, 1, 'a reader that nobody closes would read all runs again at every change')
  })

  it('shows a run that began while the others were read', async () => {
    subscribed = () => {
      subscribed = () => undefined
      queueMicrotask(() => {
        begin('20261230-000001-second')
        for (const listener of listeners) listener()
      })
    }
    const panel = await shown(() => Promise.resolve())
    panel.say({ type: 'ready' })
    await until('both rows', () => rowsIn(panel).at(-1) === 2)
    assert.deepEqual(rowsIn(panel).at(-1), 2)
    assert.equal(listeners.size, 1)
  })
})
