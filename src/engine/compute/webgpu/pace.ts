// Waiting for the GPU. A pending promise of dawn.node keeps a core at 100 %, so sleep for most of the expected time.
import { setTimeout as delay } from 'node:timers/promises'

const shareSlept = 0.7
/** Milliseconds. Below this a sleep costs more than it saves. */
const shortestSleep = 2
const longestSleep = 2000
/** Milliseconds. Work that is done this soon after a sleep finished during the sleep, so the measured rate is too low. */
const atOnce = 1
/** Less work is too short to measure the rate. */
const leastFlops = 1e8

/** Watchdogs reset a GPU after 2 s on Windows, 10 s on Linux with AMD; some kernels are several times slower than the measured one. */
const secondsPerDispatch = 0.25
/** Limits for a device whose rate was not measured, low enough for a slow one. */
const unmeasured = { perDispatch: 1e10, perSubmit: 5e10 }
/** Larger dispatches would not save the host any time. */
const mostPerDispatch = 1e12

/** Most floating point operations of one dispatch, and of one submission before its last dispatch is added. */
export function mostFlops(flopsPerSecond: number | null): { perDispatch: number; perSubmit: number } {
  if (flopsPerSecond === null) return unmeasured
  const perDispatch = Math.min(mostPerDispatch, secondsPerDispatch * flopsPerSecond)
  return { perDispatch, perSubmit: perDispatch }
}

export interface Clock {
  /** Milliseconds. */
  now(): number
  sleep(ms: number): Promise<unknown>
}

const realClock: Clock = { now: () => performance.now(), sleep: delay }

export class Pace {
  readonly #clock: Clock
  /** Operations per millisecond, learnt from the waits; null before the first wait, which does not sleep. */
  #rate: number | null = null
  #flops = 0
  #since = 0

  constructor(clock = realClock) {
    this.#clock = clock
  }

  submitted(flops: number): void {
    if (this.#flops === 0) this.#since = this.#clock.now()
    this.#flops += flops
  }

  async wait(done: () => Promise<unknown>): Promise<void> {
    const slept = await this.#sleep()
    const woken = this.#clock.now()
    await done()
    const now = this.#clock.now()
    if (this.#flops > leastFlops) {
      const rate = this.#flops / Math.max(0.01, now - this.#since)
      if (slept && now - woken < atOnce) this.#rate = 4 * Math.max(rate, this.#rate ?? 0)
      else this.#rate = this.#rate === null ? rate : 0.5 * this.#rate + 0.5 * rate
    }
    this.#flops = 0
  }

  async #sleep(): Promise<boolean> {
    if (this.#rate === null || this.#flops === 0) return false
    const expected = this.#flops / this.#rate - (this.#clock.now() - this.#since)
    const pause = Math.min(longestSleep, shareSlept * expected)
    if (pause <= shortestSleep) return false
    await this.#clock.sleep(pause)
    return true
  }
}
