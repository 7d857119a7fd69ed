// "Publish to the Hub…" as the editor calls it: the real backend process, and a server on this machine.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import type { PullProgress } from '../../../src/protocol/rpc.ts'
import { cli } from '../../support/cli.ts'
import { backendScript, startHubBackend, type HubBackend } from '../../support/hubBackend.ts'
import { writableHub, writeToken, type WritableHub } from '../../support/hubWrites.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

describe('publish in the backend process', () => {
  let temp: Scratch
  let hub: WritableHub
  let backend: HubBackend
  before(async function () {
    if (!existsSync(backendScript)) return lacks(this, 'no dist/backend.mjs: run npm run build')
    temp = scratch()
    hub = await writableHub()
    backend = await startHubBackend(temp, hub.endpoint, writeToken)
    await writeTinyModel(temp.path('dense'))
    const prune = ['prune', temp.path('dense'), '--method', 'magnitude', '--sparsity', '0.5', '--device', 'cpu']
    assert.equal((await cli(...prune, '--out', temp.path('result'))).status, 0)
  })
  after(async () => {
    await backend.stop()
    await hub.close()
  })

  it('sends what was agreed to and nothing else, and tells how far it is', async () => {
    const { call } = backend
    const asked = { folder: temp.path('result'), repository: 'me/tiny', revision: 'main', isPrivate: true }
    const plan = await call('planPublish', asked)
    assert.deepEqual([plan.exists, plan.isPrivate, hub.repositories.size], [false, true, 0])
    assert.ok(plan.files.some(({ path, made }) => path === 'README.md' && made))
    writeFileSync(temp.path('result', 'notes.txt'), 'came in between')
    await assert.rejects(call('publish', { ...asked, agreed: plan.agreed }), {
      code: 'exists',
      message: /have changed since you agreed/,
    })
    assert.equal(hub.repositories.size, 0)
    const told: PullProgress[] = []
    const { agreed } = await call('planPublish', asked)
    const { address } = await call('publish', { ...asked, agreed }, { onProgress: (progress) => told.push(progress) })
    assert.equal(address, `${hub.endpoint}/me/tiny`)
    assert.ok(told.length > 0)
    const { files } = hub.repositories.get('me/tiny')?.branches.get('main') ?? {}
    assert.ok(files?.has('model.safetensors') && files.has('notes.txt'))
    await assert.rejects(
      call('planPublish', { ...asked, folder: temp.path('dense') }),
      /is not the result of a finished run/,
    )
  })
})
