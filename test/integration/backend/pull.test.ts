// "Pull from the Hub" as the editor calls it: the real backend process, and a server on this machine.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCaller, type Caller } from '../../../src/extension/backend/calls.ts'
import { createLaunch, type Launched } from '../../../src/extension/backend/launch.ts'
import { protocolVersion, type PullProgress } from '../../../src/shared/protocol/rpc.ts'
import { hubServer, type HubServer } from '../../support/hubServer.ts'
import { scratch, type Scratch } from '../../support/safetensors.ts'
import { goldenPath } from '../../support/shared.ts'
import { lacks } from '../../support/skip.ts'

const script = new URL('../../../dist/backend.mjs', import.meta.url).pathname

describe('pull in the backend process', () => {
  let temp: Scratch
  let hub: HubServer
  let launched: Launched
  let call: Caller
  let pid = 0
  const before = { ...process.env }
  beforeEach(async function () {
    if (!existsSync(script)) return lacks(this, 'no dist/backend.mjs: run npm run build')
    temp = scratch()
    hub = await hubServer()
    for (const name of ['config.json', 'model.safetensors'])
      hub.files.set(name, { bytes: readFileSync(join(goldenPath('opt'), name)), lfs: name.endsWith('.safetensors') })
    Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: temp.path('hub'), HF_TOKEN: '' })
    const place = temp.path('backend.sock')
    const launch = createLaunch({ script, placeOf: () => place, isPlaceTaken: () => existsSync(place), log: () => {} })
    launched = await launch({ path: process.execPath, origin: 'host' })
    call = createCaller(launched.connection)
    launched.connection.listen()
    const choice = { device: 'cpu', adapter: '', threads: 1, deviceMemory: '', precision: 'auto' } as const
    ;({ pid } = await call('hello', { protocol: protocolVersion, cache: temp.path('cache'), ...choice }))
  })
  afterEach(async () => {
    for (const key of ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN'])
      if (before[key] === undefined) delete process.env[key]
      else process.env[key] = before[key]
    await launched.kill(pid)
    await hub.close()
    temp.remove()
  })

  it('stops when it is told to, goes on, tells how far it is, and what came opens', async () => {
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

  it('a failure is a code and a sentence, and nothing is asked for before somebody pulls', async () => {
    assert.deepEqual(hub.asked, [])
    await assert.rejects(call('pull', { name: 'org/none' }), { code: 'not-found', message: /there is no org\/none/ })
    await assert.rejects(call('openModel', { path: 'hf:org/tiny' }), /sparsescope pull org\/tiny/)
    assert.equal(hub.asked.length, 1)
  })
})
