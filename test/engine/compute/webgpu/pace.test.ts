import assert from 'node:assert/strict'
import { Pace } from '../../../../src/engine/compute/webgpu/pace.ts'

/** A device of so many operations a millisecond, on a clock of its own. `wait` gives [slept, waited in all]. */
function deviceOf(rate: number) {
  let [now, slept, free] = [0, 0, 0]
  const pace = new Pace({
    now: () => now,
    sleep: async (ms) => {
      slept += ms
      now += ms
    },
  })
  return {
    submit(flops: number) {
      pace.submitted(flops)
      free = Math.max(free, now) + flops / rate
    },
    hostWorks: (ms: number) => void (now += ms),
    async wait(): Promise<[number, number]> {
      const [before, sleptBefore] = [now, slept]
      await pace.wait(async () => void (now = Math.max(now, free)))
      return [slept - sleptBefore, now - before]
    },
  }
}

describe('waiting for the GPU', () => {
  it('never sleeps past the end of work whose like it has seen, however fast the device', async () => {
    for (const rate of [4e7, 1e9, 1e11]) {
      const device = deviceOf(rate)
      for (let i = 0; i < 4; i++) {
        device.submit(100 * rate)
        const [slept, waited] = await device.wait()
        assert.ok(waited < 100.001, `${waited} ms`)
        assert.equal(slept > 60, i > 0, `${slept} ms`)
      }
    }
  })

  it('finds out that a device is far faster than it seemed while the host kept it waiting', async () => {
    const device = deviceOf(1e10)
    device.submit(1e9)
    device.hostWorks(1000)
    await device.wait()
    const waits = []
    for (let i = 0; i < 8; i++) {
      device.submit(1e12)
      waits.push((await device.wait())[1])
    }
    assert.equal(waits[0], 2000)
    for (const waited of waits.slice(6)) assert.ok(waited < 100.001, waits.join())
  })

  it('sleeps no longer than a moment for little work, nor without any', async () => {
    const device = deviceOf(1e9)
    device.submit(1e9)
    await device.wait()
    assert.deepEqual(await device.wait(), [0, 0])
    device.submit(2e9)
    assert.deepEqual(await device.wait(), [0, 2])
  })
})
