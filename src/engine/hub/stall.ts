// Ends connections that stay open and bring nothing, which would be waited for without an end.

export class Stalled extends Error {}

export interface Stall {
  /** Fires with a `Stalled` when the time is over, or as the caller's own signal does. */
  readonly signal: AbortSignal
  /** Data has come: the time begins anew. */
  alive(): void
  end(): void
}

export function stallAfter(ms: number, signal?: AbortSignal): Stall {
  const stalled = new AbortController()
  const stop = () => stalled.abort(new Stalled(`it does not answer within ${Math.ceil(ms / 1000)} s`))
  let timer = setTimeout(stop, ms)
  return {
    signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    alive() {
      clearTimeout(timer)
      timer = setTimeout(stop, ms)
    },
    end: () => clearTimeout(timer),
  }
}
