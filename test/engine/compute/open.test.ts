import assert from 'node:assert/strict'
import { openBackend } from '../../../src/engine/compute/open.ts'

describe('openBackend', function () {
  this.timeout(60_000)

  it('takes the CPU when asked for, with the threads asked for', async () => {
    const backend = await openBackend({ device: 'cpu', threads: 1 })
    assert.equal(backend.info.device, 'cpu')
    assert.equal(backend.info.details.threads, 1)
    await backend.close()
  })

  it('never takes a software adapter by itself, and says why it took what it took', async () => {
    const backend = await openBackend({ device: 'auto' })
    assert.ok(backend.info.device === 'cpu' || backend.info.details.software === false)
    assert.equal(typeof backend.info.details.reason, 'string')
    await backend.close()
  })
})
