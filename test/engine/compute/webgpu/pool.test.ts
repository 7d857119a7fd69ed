import assert from 'node:assert/strict'
import { globals } from 'webgpu'
import { BufferPool, sizeClass } from '../../../../src/engine/compute/webgpu/pool.ts'

/** A device that makes buffers until `limit` bytes; beyond, as Dawn does, an error buffer and an error in the scope. */
function createDevice(limit: number) {
  let made = 0
  const errors: (GPUError | null)[] = []
  const destroyed: object[] = []
  const device = {
    limits: { maxBufferSize: 2 ** 32 },
    queue: { submit: () => undefined },
    pushErrorScope: () => void errors.push(null),
    popErrorScope: async () => errors.pop() ?? null,
    createBuffer({ size }: { size: number }) {
      made += size
      if (made > limit) errors[errors.length - 1] = { message: 'no memory' } as GPUError
      const buffer = { size, destroy: () => void destroyed.push(buffer) }
      return buffer
    },
  } as unknown as GPUDevice
  return { device, destroyed }
}

describe('GPU buffer pool', () => {
  before(() => Object.assign(globalThis, globals))

  it('wastes at most an eighth, and keeps 256-byte alignment', () => {
    for (const bytes of [1, 255, 256, 257, 3000, 4097, 1e6, 411e6]) {
      const size = sizeClass(bytes)
      assert.ok(size >= bytes && size % 256 === 0, `${bytes} → ${size}`)
      if (bytes >= 2048) assert.ok(size <= bytes * 1.125)
    }
  })

  it('gives a freed buffer to the next taker of its class, and to no other', () => {
    const pool = new BufferPool(createDevice(Infinity).device)
    const first = pool.acquire(1000)
    pool.release(first)
    assert.notEqual(pool.acquire(3000), first)
    assert.equal(pool.acquire(1010), first)
    assert.notEqual(pool.acquire(1000), first)
  })

  it('tells of a failed creation once, and never hands its buffer out again', async () => {
    const pool = new BufferPool(createDevice(2048).device)
    const good = pool.acquire(1024)
    const bad = pool.acquire(2048)
    assert.equal((await pool.failure())?.message, 'no memory')
    assert.equal(await pool.failure(), null)
    assert.deepEqual([pool.isBroken(good), pool.isBroken(bad)], [false, true])
    pool.release(bad)
    assert.notEqual(pool.acquire(2048), bad)
  })

  it('destroys what lies idle when that is far more than what is used', () => {
    const { device, destroyed } = createDevice(Infinity)
    const pool = new BufferPool(device)
    const big = pool.acquire(2 ** 29)
    assert.equal(pool.wasteful, false)
    pool.release(big)
    assert.equal(pool.wasteful, true)
    assert.equal(pool.trim(), true)
    assert.deepEqual(destroyed, [big])
    assert.equal(pool.trim(), false)
  })
})
