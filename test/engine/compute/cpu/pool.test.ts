import assert from 'node:assert/strict'
import { openCpu } from '../../../../src/engine/compute/cpu/open.ts'
import { chunkCount } from '../../../../src/engine/compute/cpu/pool.ts'
import { openPool } from '../../../support/openPool.ts'
import { threadsOf } from '../../../support/threadsOf.ts'
import { groups } from '../cases/index.ts'
import { runCase } from '../cases/opCase.ts'

const all = Object.values(groups).flat()

describe('the pool of the CPU backend', () => {
  for (const blas of ['auto', 'none'] as const)
    it(`computes the same bytes again, after other work (BLAS ${blas})`, async () => {
      const backend = await openCpu({ threads: 3, blas })
      try {
        const first = []
        for (const c of all) first.push(await runCase(backend, c))
        for (const [i, c] of [...all.entries()].reverse()) {
          const again = await runCase(backend, c)
          for (const [name, data] of again)
            assert.deepEqual(new Uint8Array(data.slice().buffer), new Uint8Array(first[i].get(name)!.slice().buffer))
        }
      } finally {
        await backend.close()
      }
    })

  for (const blas of ['auto', 'none'] as const)
    it(`computes the same bytes wherever tensors are (BLAS ${blas})`, async () => {
      const bytes = async (largeBytes: number) => {
        // Small enough for several panels, large enough for the blocks of a wasm product.
        const backend = await openCpu({ threads: 3, blas, largeBytes, stageBytes: blas === 'none' ? 2 ** 21 : 2 ** 17 })
        try {
          const results = []
          for (const c of all)
            for (const data of (await runCase(backend, c, 5)).values())
              results.push(new Uint8Array(data.slice().buffer))
          return results
        } finally {
          await backend.close()
        }
      }
      const inside = await bytes(Infinity)
      assert.deepEqual(await bytes(0), inside)
      assert.deepEqual(await bytes(3000), inside)
    })

  it('splits a command by its size and the number of threads only', () => {
    assert.equal(chunkCount({ total: 7, unit: 10 }, 2), 1)
    assert.equal(chunkCount({ total: 21, unit: 10 }, 2), 3)
    assert.equal(chunkCount({ total: 1e6, unit: 10 }, 2), 24)
  })

  it('reports a task that fails and continues', async () => {
    const pool = await openPool(2)
    const split = { total: 100_000, unit: 10 }
    // An address far beyond the memory: the kernel traps in whichever thread takes the chunk.
    assert.throws(() => pool.run('fill', split, [0xf0000000, 1]), /out of bounds/)
    const address = pool.heap.allocateInside(4 * split.total)
    pool.run('fill', split, [address, 4])
    assert.ok(new Float32Array(pool.heap.memory.buffer, address, split.total).every((x) => x === 4))
    await pool.close()
  })

  it('reports a worker that is gone instead of waiting for it', async () => {
    const { result: backend, threads } = await threadsOf(() => openCpu({ threads: 3 }))
    const tensor = backend.allocate('f32', [100_000])
    await threads[0].terminate()
    assert.throws(() => backend.kernels.fill(tensor, 4), /a worker of the CPU backend is gone/)
    await backend.close()
  })

  it('refuses work after close', async () => {
    const backend = await openCpu({ threads: 2 })
    const tensor = backend.allocate('f32', [1])
    await backend.close()
    assert.throws(() => backend.kernels.fill(tensor, 4), /used after close/)
  })

  it('refuses an invalid number of threads', async () => {
    await assert.rejects(openCpu({ threads: 0 }), /threads must be/)
    await assert.rejects(openCpu({ threads: 1.5 }), /threads must be/)
  })
})
