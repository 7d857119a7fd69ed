// Cancellation of work that never leaves the thread.
import { throwIfCancelled } from './errors.ts'

/** Milliseconds between two turns of the event loop: few enough to stop at once, enough to cost nothing. */
const betweenMs = 50

let last = 0

/**
 * Lets signals, timers and messages in, then throws `cancelled` if the signal has fired. Kernels of the CPU backend block
 * the thread, and awaiting what is done already never turns the event loop: without this Ctrl-C has no effect.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - last >= betweenMs) {
    await new Promise(setImmediate)
    last = performance.now()
  }
  throwIfCancelled(signal)
}
