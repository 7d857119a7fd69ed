import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { watchLife } from '../../../src/backend/connections.ts'
import { until } from '../../support/until.ts'

describe('the end of the backend', () => {
  const graceMs = 20

  it('comes when the last window is closed and no run is in progress, and not before', async () => {
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
    await until('the end', () => left)
    life.stop()
  })

  it('also comes when no window ever connects', async () => {
    let left = false
    const life = watchLife({ isBusy: () => false, leave: () => (left = true), graceMs, startMs: 30 })
    await until('the end', () => left)
    life.stop()
  })
})
