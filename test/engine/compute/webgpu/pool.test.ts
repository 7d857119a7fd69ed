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
      if (made + size > limit) errors[errors.length - 1] = { message: 'no memory' } as GPUError
      else made += size
      const buffer = {
        size,
        destroy() {
          made -= size
          destroyed.push(buffer)
        },
      }
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

  it('reports a failed creation once, and never hands its buffer out again', async () => {
    const pool = new BufferPool(createDevice(2048).device)
    const good = pool.acquire(1024)
    const bad = pool.acquire(2048)
    assert.equal((await pool.failure())?.message, 'no memory')
    assert.equal(await pool.failure(), null)
    assert.deepEqual([good.broken, bad.broken], [false, true])
    pool.release(bad)
    assert.notEqual(pool.acquire(2048), bad)
  })

  it('gives idle buffers up for a large one of another size, after what was recorded on them', async () => {
    const mib = 2 ** 20
    const { device, destroyed } = createDevice(100 * mib)
    const pool = new BufferPool(device)
    const used = pool.acquire(40 * mib)
    const idle = pool.acquire(48 * mib)
    pool.release(idle)
    let settled = false
    const taken = await pool.acquireOrTrim(56 * mib, async () => {
      assert.deepEqual(destroyed, [])
      settled = true
    })
    assert.deepEqual([settled, destroyed, taken.broken], [true, [idle.gpu], false])
    assert.equal(await pool.failure(), null)
    const never = await pool.acquireOrTrim(64 * mib, () => assert.fail('nothing lies idle'))
    assert.notEqual(await pool.failure(), null)
    assert.deepEqual([never.broken, used.broken], [true, false])
  })

  it('keeps no more idle than its limit leaves, and gives idle buffers up before it makes one beyond it', async () => {
    const mib = 2 ** 20
    const { device, destroyed } = createDevice(Infinity)
    const pool = new BufferPool(device)
    const [used, idle] = [pool.acquire(6 * mib), pool.acquire(4 * mib)]
    pool.release(idle)
    assert.equal(pool.wasteful, false)
    pool.limitBytes = 10 * mib
    assert.equal(pool.wasteful, false)
    let settled = 0
    const settle = async () => void settled++
    // It has the class of the idle one, which is used again.
    pool.release(await pool.acquireOrTrim(4 * mib, settle))
    assert.deepEqual([settled, destroyed], [0, []])
    await pool.acquireOrTrim(2 * mib, settle)
    assert.deepEqual([settled, destroyed], [1, [idle.gpu]])
    pool.release(used)
    assert.equal(pool.wasteful, false)
    pool.limitBytes = 4 * mib
    assert.equal(pool.wasteful, true)
  })

  it('keeps what was lately in use together, and destroys it when many steps have not asked for it', () => {
    const { device, destroyed } = createDevice(Infinity)
    const pool = new BufferPool(device)
    const big = pool.acquire(2 ** 29)
    assert.equal(pool.wasteful, false)
    pool.release(big)
    assert.equal(pool.wasteful, false)
    for (let i = 0; i < 20_000; i++) pool.release(pool.acquire(2 ** 29))
    assert.equal(pool.wasteful, false)
    for (let i = 0; i < 20_000; i++) pool.release(pool.acquire(256))
    assert.equal(pool.wasteful, true)
    assert.equal(pool.trim(), true)
    assert.ok(destroyed.includes(big.gpu))
    assert.equal(pool.trim(), false)
  })
})
