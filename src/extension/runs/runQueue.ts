// Runs stand in line: one computes, the others wait for it and say so.

export interface QueuedRun {
  id: number
  name: string
  /** The run before it; null: it is about to start. */
  behind: string | null
  cancel(): void
}

export interface Place {
  signal: AbortSignal
  cancel(): void
  /** It has a folder: from here on the store knows it. */
  started(): void
  leave(): void
}

interface Ticket {
  id: number
  name: string
  abort: AbortController
  started: boolean
}

export class RunQueue {
  private tickets: Ticket[] = []
  private lastId = 0
  private readonly listeners = new Set<() => void>()

  onChange(listener: () => void): { dispose(): void } {
    this.listeners.add(listener)
    return { dispose: () => this.listeners.delete(listener) }
  }

  enter(name: string, signal?: AbortSignal): Place {
    const ticket: Ticket = { id: ++this.lastId, name, abort: new AbortController(), started: false }
    if (signal?.aborted) ticket.abort.abort()
    signal?.addEventListener('abort', () => ticket.abort.abort())
    this.tickets.push(ticket)
    this.changed()
    return {
      signal: ticket.abort.signal,
      cancel: () => ticket.abort.abort(),
      started: () => {
        ticket.started = true
        this.changed()
      },
      leave: () => {
        this.tickets = this.tickets.filter((other) => other !== ticket)
        this.changed()
      },
    }
  }

  /** Runs that have no folder yet, first come first. */
  waiting(): QueuedRun[] {
    return this.tickets.flatMap(({ id, name, abort, started }, i) => {
      const behind = i === 0 ? null : this.tickets[i - 1].name
      return started ? [] : [{ id, name, behind, cancel: () => abort.abort() }]
    })
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
