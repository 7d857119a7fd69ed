// Ends the process when no window is connected and no run goes on.

export interface LifeOptions {
  readonly isBusy: () => boolean
  readonly leave: () => void
  /** Milliseconds in which a window that reloads is back. */
  readonly graceMs?: number
  /** Milliseconds in which the window that started the process has connected. */
  readonly startMs?: number
}

export interface Life {
  /** A window connects; what it returns says that it has gone. */
  join(): () => void
  stop(): void
}

const lookEveryMs = 250

export function watchLife({ isBusy, leave, graceMs = 3000, startMs = 20_000 }: LifeOptions): Life {
  let clients = 0
  let deadline = performance.now() + startMs
  const timer = setInterval(
    () => {
      const now = performance.now()
      if (clients > 0 || isBusy()) deadline = Math.max(deadline, now + graceMs)
      else if (now >= deadline) leave()
    },
    Math.min(lookEveryMs, graceMs),
  )
  return {
    join() {
      clients++
      // The shorter patience counts from here on.
      deadline = 0
      let isHere = true
      return () => {
        if (isHere) clients--
        isHere = false
        deadline = Math.max(deadline, performance.now() + graceMs)
      }
    },
    stop: () => clearInterval(timer),
  }
}
