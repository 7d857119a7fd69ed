// Run folders as they lie on disk: events are read from where the last reading ended.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunEvent } from '../../shared/protocol/events.ts'
import { parseEvents } from '../../shared/protocol/parseEvents.ts'

export interface EventFile {
  events: RunEvent[]
  /** Bytes of whole lines read so far. */
  offset: number
}

/** Read at a time: an editor holds what it reads, and a run folder may be anybody's. */
const largestReading = 64 * 2 ** 20

/**
 * A file of a run folder, which may be anybody's: a link is not followed, a pipe not waited for.
 * @throws when it cannot be opened or is no regular file.
 */
export async function openRunFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    if ((await file.stat()).isFile()) return file
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  throw new Error(`${path} is not a regular file`)
}

/** The text of such a file. @throws also when it is larger than `maxBytes`. */
export async function readRunFile(path: string, maxBytes: number): Promise<string> {
  const file = await openRunFile(path)
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, more than a run writes`)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** New events since `offset`; starts over when the file has become shorter, as when a run is resumed. */
export async function readEvents(folder: string, known: EventFile): Promise<EventFile> {
  const file = await openRunFile(join(folder, 'events.jsonl'))
  try {
    const { size } = await file.stat()
    const base: EventFile = size < known.offset ? { events: [], offset: 0 } : known
    if (size === base.offset) return base
    const buffer = Buffer.alloc(Math.min(size - base.offset, largestReading))
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
