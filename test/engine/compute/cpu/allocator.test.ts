import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Allocator } from '../../../../src/engine/compute/cpu/allocator.ts'

/** Takes from an allocator, extending it as the heap does. */
function take(allocator: Allocator, bytes: number): number {
  const address = allocator.take(bytes)
  if (address !== null) return address
  allocator.extend(Math.ceil(allocator.shortfall(bytes) / 65536) * 65536)
  return take(allocator, bytes)
}

describe('the allocator of the CPU backend', () => {
  it('never hands out overlapping or unaligned memory, and merges what comes back', () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 300_000 }), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(sizes, (requests) => {
        const allocator = new Allocator(64)
        const live = new Map<number, number>()
        for (const [bytes, releaseOldest] of requests) {
          const address = take(allocator, bytes)
          assert.equal(address % 64, 0)
          for (const [start, length] of live)
            assert.ok(address + bytes <= start || start + length <= address || bytes === 0 || length === 0)
          assert.ok(!live.has(address))
          live.set(address, bytes)
          const [oldest] = live.keys()
          if (!releaseOldest) continue
          assert.ok(allocator.give(oldest))
          live.delete(oldest)
        }
        const { top } = allocator
        for (const address of live.keys()) assert.ok(allocator.give(address))
        assert.equal(allocator.usedBytes, 0)
        // Everything is one span again: its whole length fits without growing.
        if (top > 64) assert.equal(allocator.take(top - 64), 64)
      }),
    )
  })

  it('prefers the span that fits best', () => {
    const allocator = new Allocator(0)
    allocator.extend(10 * 64)
    const [a, , c] = [allocator.take(4 * 64), allocator.take(64), allocator.take(2 * 64)]
    allocator.take(3 * 64)
    assert.ok(allocator.give(a ?? -1) && allocator.give(c ?? -1))
    assert.equal(allocator.take(2 * 64), c)
  })

  it('knows what it did not hand out', () => {
    const allocator = new Allocator(0)
    allocator.extend(640)
    const address = take(allocator, 10)
    assert.equal(allocator.give(address + 64), false)
    assert.ok(allocator.give(address))
    assert.equal(allocator.give(address), false)
  })
})
