// "Pull from the Hub" as the editor calls it: the real backend process, and a server on this machine.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Caller } from '../../../src/extension/backend/calls.ts'
import type { PullProgress } from '../../../src/protocol/rpc.ts'
import { backendScript, startHubBackend, type HubBackend } from '../../support/hubBackend.ts'
import { hubServer, type HubServer } from '../../support/hubServer.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { lacks } from '../../support/skip.ts'

describe('a model of the Hub in the backend process', () => {
  let temp: Scratch
  let hub: HubServer
  let backend: HubBackend
  let call: Caller
  beforeEach(async function () {
    if (!existsSync(backendScript)) return lacks(this, 'no dist/backend.mjs: run npm run build')
    temp = scratch()
    hub = await hubServer()
    for (const name of ['config.json', 'model.safetensors'])
      hub.files.set(name, { bytes: readFileSync(join(goldenPath('opt'), name)), lfs: name.endsWith('.safetensors') })
    backend = await startHubBackend(temp, hub.endpoint, '')
    call = backend.call
  })
  afterEach(async () => {
    await backend.stop()
    await hub.close()
  })

  it('stops on request, continues, reports its progress, and opens', async () => {
    const abort = new AbortController()
    hub.interpose = ({ host }) => {
      if (host === 'cdn') abort.abort()
      return host === 'cdn'
    }
    await assert.rejects(call('pull', { name: 'org/tiny' }, { signal: abort.signal }), { code: 'cancelled' })
    hub.interpose = null
    const told: PullProgress[] = []
    const { folder } = await call('pull', { name: 'hf:org/tiny' }, { onProgress: (progress) => told.push(progress) })
    assert.ok(told.length > 0)
    assert.equal(told.at(-1)?.have, told.at(-1)?.total)
    const { model } = await call('openModel', { path: folder })
    assert.equal(model.modelType, 'opt')
  })

  it('is not requested before somebody pulls, and fails with a code and a sentence', async () => {
    assert.deepEqual(hub.asked, [])
    await assert.rejects(call('pull', { name: 'org/none' }), { code: 'not-found', message: /there is no org\/none/ })
    await assert.rejects(call('openModel', { path: 'hf:org/tiny' }), /sparsescope pull org\/tiny/)
    assert.equal(hub.asked.length, 1)
  })
})
