// The queue of runs: one computes, the others wait for it.
import { Emitter } from 'vscode-jsonrpc/node'

export interface QueuedRun {
  id: number
  name: string
  /** The run before it; null: it is about to start. */
  behind: string | null
  cancel(): void
}

interface Ticket {
  id: number
  name: string
  abort: AbortController
  /** null: the run has no folder yet. A run that is resumed has one before it starts. */
  folder: string | null
  started: boolean
}

export class RunQueue {
  private tickets: Ticket[] = []
  private lastId = 0
  private readonly changed = new Emitter<void>()
  readonly onChange = this.changed.event

  /** `folder`: of a run that is resumed. */
  enter(name: string, signal?: AbortSignal, folder: string | null = null) {
    const ticket: Ticket = { id: ++this.lastId, name, abort: new AbortController(), folder, started: false }
    if (signal?.aborted) ticket.abort.abort()
    signal?.addEventListener('abort', () => ticket.abort.abort())
    this.tickets.push(ticket)
    this.changed.fire()
    return {
      signal: ticket.abort.signal,
      /** It has a folder: from here on the store knows it. */
      started: (begun: string) => {
        ticket.folder = begun
        ticket.started = true
        this.changed.fire()
      },
      leave: () => {
        this.tickets = this.tickets.filter((other) => other !== ticket)
        this.changed.fire()
      },
    }
  }

  has(folder: string): boolean {
    return this.tickets.some((ticket) => ticket.folder === folder)
  }

  cancel(folder: string): void {
    for (const ticket of this.tickets) if (ticket.folder === folder) ticket.abort.abort()
  }

  /** Runs that have not started yet, first come first. */
  waiting(): QueuedRun[] {
    return this.tickets.flatMap(({ id, name, abort, started }, i) => {
      const behind = i === 0 ? null : this.tickets[i - 1].name
      return started ? [] : [{ id, name, behind, cancel: () => abort.abort() }]
    })
  }
}
