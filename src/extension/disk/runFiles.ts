// Run folders as they lie on disk: events are read from where the last reading ended.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunEvent } from '../../shared/protocol/events.ts'
import { parseEvents } from '../../runs/events/parseEvents.ts'

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
  const { lines, from, to } = await readEventLines(folder, known.offset)
  if (to === known.offset) return known
  const before = from < known.offset ? [] : known.events
  return { events: [...before, ...parseEvents(lines.split('\n').filter((line) => line.trim() !== ''))], offset: to }
}

export interface EventLines {
  /** Whole ones; a line that is still being written waits for the next reading. */
  readonly lines: string
  /** Bytes of the file: `from` is 0 where it has become shorter than what was read of it. */
  readonly from: number
  readonly to: number
}

/** What the file of events has after its first `known` bytes, of much only the beginning. */
export async function readEventLines(folder: string, known: number): Promise<EventLines> {
  const file = await openRunFile(join(folder, 'events.jsonl'))
  try {
    const { size } = await file.stat()
    const from = size < known ? 0 : known
    const buffer = Buffer.alloc(Math.min(size - from, largestReading))
    if (buffer.length > 0) await file.read(buffer, 0, buffer.length, from)
    const bytes = buffer.lastIndexOf(0x0a) + 1
    return { lines: buffer.toString('utf8', 0, bytes), from, to: from + bytes }
  } finally {
    await file.close()
  }
}
