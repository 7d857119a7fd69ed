// Runs that an earlier window started, as the window that comes after a reload knows them.
import assert from 'node:assert/strict'
import type { ActiveRun } from '../../../src/protocol/rpc.ts'
import type * as module from '../../../src/extension/runs/runner.ts'
import { RunStore } from '../../../src/extension/runs/runStore.ts'
import { extensionModule } from '../../support/extensionModule.ts'

describe('runs of an earlier window', () => {
  it('that wait to be resumed have their name and folder: they are not resumed twice, nor deleted', async () => {
    const { Runner } = await extensionModule<typeof module>('runs/runner.ts', { vscode: {} })
    const folder = '/w/.sparsescope/runs/20261231-235958-mine'
    const waiting: ActiveRun = {
      id: 7,
      recipe: `${folder}/recipe.prune.yaml`,
      folder: null,
      resume: folder,
      paused: false,
    }
    const services = {
      isBackendRunning: async () => true,
      call: async (name: string) => (name === 'activeRuns' ? [waiting] : new Promise(() => undefined)),
    }
    const store = new RunStore()
    const runner = new Runner(...([services, store] as unknown as ConstructorParameters<typeof Runner>))
    assert.equal((await runner.adopt()).length, 1)
    assert.deepEqual(
      runner.queue.waiting().map(({ name }) => name),
      ['mine'],
    )
    assert.ok(runner.isLive(folder))
    store.dispose()
  })
})
