import assert from 'node:assert/strict'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { withPruneHost } from '../../../src/engine/prune/host.ts'

describe('where weights are pruned', () => {
  it('on the backend itself where it can, else on a CPU that is open for that long', async () => {
    const cpu = await openCpu({ threads: 1 })
    try {
      assert.equal(await withPruneHost(cpu, async (host) => host), cpu)
      const without = { ...cpu, prune: undefined }
      await withPruneHost(without, async (host) => {
        assert.notEqual(host, cpu)
        host.release(host.allocate('f32', [4]))
      })
    } finally {
      await cpu.close()
    }
  })
})
