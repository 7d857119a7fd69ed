// Waiting for the GPU. A pending promise of dawn.node keeps a core at 100 %, so sleep for most of the expected time.
import { setTimeout as sleep } from 'node:timers/promises'

const shareSlept = 0.7
/** Below this a sleep costs more than it saves. */
const shortestSleep = 2
const longestSleep = 2000

export class Pace {
  /** Operations per millisecond, learnt from the waits. */
  #rate = 1e9
  #flops = 0
  #since = 0

  submitted(flops: number): void {
    if (this.#flops === 0) this.#since = performance.now()
    this.#flops += flops
  }

  async wait(done: () => Promise<unknown>): Promise<void> {
    const expected = this.#flops / this.#rate - (performance.now() - this.#since)
    const pause = Math.min(longestSleep, shareSlept * expected)
    if (this.#flops > 0 && pause > shortestSleep) await sleep(pause)
    await done()
    if (this.#flops > 1e8) {
      const rate = this.#flops / Math.max(0.01, performance.now() - this.#since)
      this.#rate = 0.5 * this.#rate + 0.5 * rate
    }
    this.#flops = 0
  }
}
