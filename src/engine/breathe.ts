// Cancellation of work that never leaves the thread.
import { throwIfCancelled } from './errors.ts'

/** Milliseconds between two turns of the event loop: few enough to cancel at once, enough to cost nothing. */
const betweenMs = 50

let last = 0

/**
 * Lets the event loop handle signals, timers and messages, then throws `cancelled` if the signal has fired. Kernels of the CPU
 * backend block the thread, and awaiting a settled promise never turns the event loop: without this, Ctrl-C has no effect.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - last >= betweenMs) {
    await new Promise(setImmediate)
    last = performance.now()
  }
  throwIfCancelled(signal)
}
