// The events of one run for its views: read from its folder as they are written, and not kept in memory.
import type { RunEvent } from '../../runs/series/events.ts'
import { parseEvents } from '../../runs/events/parseEvents.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { EventTail } from '../../runs/events/eventTail.ts'

/** `from` is the index of the first event: 0 replaces everything. */
type SendEvents = (from: number, events: RunEvent[]) => void

export class EventFeed {
  private readonly path: string
  private readonly tail = new EventTail()
  private sentEvents = 0
  private reading: Promise<void> = Promise.resolve()

  constructor(
    folder: string,
    private readonly send: SendEvents,
  ) {
    this.path = runFolderAt(folder).events
  }

  /** Sends new events; none of a folder that cannot be read. */
  read(): Promise<void> {
    return this.next(() => this.readNew())
  }

  /** Sends all events from the first. */
  replay(): Promise<void> {
    return this.next(() => {
      this.tail.startOver()
      this.send(0, [])
      return this.readNew()
    })
  }

  private readNew(): Promise<void> {
    return this.tail.readNew(this.path, (lines, isAnew) => {
      const events = parseEvents(lines.toString().split('\n'))
      if (isAnew) this.sentEvents = 0
      this.send(this.sentEvents, events)
      this.sentEvents += events.length
    })
  }

  /** Reads are serial: each continues where the one before ended. */
  private next(work: () => Promise<void>): Promise<void> {
    return (this.reading = this.reading.then(work).catch(() => undefined))
  }
}
