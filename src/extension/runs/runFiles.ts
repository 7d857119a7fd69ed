// Run folders as they lie on disk: events are read from where the last reading ended.
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunEvent } from '../../shared/protocol/events.ts'
import { parseEvents } from '../../shared/protocol/parseEvents.ts'

export interface EventFile {
  events: RunEvent[]
  /** Bytes of whole lines read so far. */
  offset: number
}

/** New events since `offset`; starts over when the file has become shorter, as when a run is resumed. */
export async function readEvents(folder: string, known: EventFile): Promise<EventFile> {
  const path = join(folder, 'events.jsonl')
  const { size } = await stat(path)
  const base: EventFile = size < known.offset ? { events: [], offset: 0 } : known
  if (size === base.offset) return base
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(size - base.offset)
    await file.read(buffer, 0, buffer.length, base.offset)
    const { lines, bytes } = wholeLines(buffer)
    return { events: [...base.events, ...parseEvents(lines)], offset: base.offset + bytes }
  } finally {
    await file.close()
  }
}

/** A line that is still being written waits for the next reading. */
function wholeLines(buffer: Buffer): { lines: string[]; bytes: number } {
  const bytes = buffer.lastIndexOf(0x0a) + 1
  const text = buffer.subarray(0, bytes).toString('utf8')
  return { lines: text.split('\n').filter((line) => line.trim() !== ''), bytes }
}
