import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { watchLife } from '../../../src/backend/connections.ts'

describe('the end of the backend', () => {
  const graceMs = 20
  /** Until something has come to pass, whatever else this machine does. */
  const until = async (isSo: () => boolean) => {
    for (let i = 0; i < 500 && !isSo(); i++) await setTimeout(10)
    assert.ok(isSo())
  }

  it('comes when the last window has gone and no run goes on, not before', async () => {
    let busy = true
    let left = false
    const life = watchLife({ isBusy: () => busy, leave: () => (left = true), graceMs, startMs: 1e6 })
    const [first, second] = [life.join(), life.join()]
    first()
    first()
    await setTimeout(5 * graceMs)
    assert.ok(!left, 'a window is there')
    second()
    await setTimeout(5 * graceMs)
    assert.ok(!left, 'a run goes on')
    busy = false
    await until(() => left)
    life.stop()
  })

  it('comes too when no window ever connects', async () => {
    let left = false
    const life = watchLife({ isBusy: () => false, leave: () => (left = true), graceMs, startMs: 30 })
    await until(() => left)
    life.stop()
  })
})
