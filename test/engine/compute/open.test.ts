import assert from 'node:assert/strict'
import { adapterNames } from '../../../src/engine/compute/webgpu/adapter.ts'
import { openBackend } from '../../../src/engine/compute/open.ts'
import { lacks } from '../../support/skip.ts'

describe('openBackend', function () {
  this.timeout(300_000)

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

  it('takes the CPU where every driver crashed, and says so; a requested GPU is refused with the reason', async () => {
    const note = 'The driver of a GPU ended every process (SIGSEGV)'
    const look = { hasGpu: () => true, choose: async () => ({ request: null, note }) }
    const backend = await openBackend({ device: 'auto', threads: 1 }, look)
    assert.equal(backend.info.device, 'cpu')
    assert.equal(backend.info.details.note, note)
    await backend.close()
    for (const asked of [{ device: 'wgpu' }, { device: 'auto', adapter: 'a GPU' }] as const)
      await assert.rejects(openBackend(asked, look), {
        code: 'unsupported',
        message: `${note}. The CPU backend (--device cpu) needs none`,
      })
  })

  it('takes the adapter that is named, by a part of its name; an unknown name is refused with the known ones', async function () {
    const [name] = await adapterNames().catch(() => [])
    if (!name) return lacks(this, 'no WebGPU adapter here: none can be chosen by name')
    const backend = await openBackend({ device: 'auto', adapter: name.slice(0, 8) })
    assert.equal(backend.info.device, 'wgpu')
    assert.ok(backend.info.description.startsWith(name.slice(0, 8)), backend.info.description)
    await backend.close()
    await assert.rejects(openBackend({ device: 'auto', adapter: 'no such GPU' }), (error: Error) =>
      error.message.includes(name),
    )
  })
})
