// The tab of two checkpoints in its host.
import assert from 'node:assert/strict'
import type * as module from '../../../src/extension/views/comparePanels.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { fakePanels, fakeUri, settled } from '../../support/fakePanels.ts'

interface Call {
  readonly signal: AbortSignal
  readonly onProgress: (progress: object) => void
  readonly resolve: (result: object) => void
  readonly reject: (error: Error) => void
}

describe('the tab of two checkpoints', () => {
  it('compares them once, also if Try again is pressed twice', async () => {
    const { vscode, panels } = fakePanels()
    const { ComparePanels } = await extensionModule<typeof module>('views/comparePanels.ts', { vscode })
    const calls: Call[] = []
    const services = {
      extensionUri: fakeUri('/e'),
      context: { subscriptions: [] },
      log: { failed: (error: unknown) => assert.fail(String(error)) },
      call: (_: string, __: object, options: Pick<Call, 'signal' | 'onProgress'>) =>
        new Promise((resolve, reject) => calls.push({ ...options, resolve, reject })),
    }
    const tabs = new ComparePanels(services as unknown as ConstructorParameters<typeof ComparePanels>[0])
    tabs.show({ a: { path: '/a', label: 'a' }, b: { path: '/b', label: 'b' } })
    const [{ posted, say }] = panels
    say({ type: 'ready' })
    calls[0].reject(new Error('EIO'))
    await settled()
    assert.equal(posted.at(-1)?.type, 'failed')
    say({ type: 'retry' })
    say({ type: 'retry' })
    await settled()
    const stopped = calls.map(({ signal }) => signal.aborted)
    posted.length = 0
    for (const { onProgress } of calls.slice(1)) onProgress({ done: 1, total: 2, changes: [] })
    calls[1].reject(new Error('cancelled'))
    await settled()
    calls[2].resolve({ verdict: 'the same' })
    await settled()
    assert.deepEqual(
      posted.map(({ type }) => type),
      ['progress', 'result'],
    )
    assert.deepEqual(stopped.slice(1), [true, false])
  })
})
