// Lines of events.jsonl, which is not trusted.
import { isRunEvent, type RunEvent } from '../series/events.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../series/foldRun.ts'
import { EventTail } from './eventTail.ts'
import { openOwn } from '../../system/ownFile.ts'

/** The events of the lines, in their order; other lines are skipped. */
export function parseEvents(lines: readonly string[]): RunEvent[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return isRunEvent(value) ? [value] : []
    } catch {
      return []
    }
  })
}

/** The whole picture of a run, for its curves; null: it has no events that can be read. */
export async function readPicture(eventsPath: string): Promise<RunPicture | null> {
  const picture = emptyPicture()
  const take = (lines: Buffer) => void foldEvents(picture, parseEvents(lines.toString().split('\n')))
  await new EventTail().readNew(eventsPath, take).catch(() => undefined)
  return picture.numEvents > 0 ? picture : null
}

export interface RunEnd {
  readonly status: 'done' | 'failed' | 'cancelled'
  readonly message?: string | null
}

/** Bytes to read from the end of the file: the last line of a run that is done is short, but a failure's message may be long. */
const tailBytes = [2 ** 9, 2 ** 16]

/** The last event, if it is an end; null if the run has written no end, or none that can be read. */
export async function endOfRun(events: string): Promise<RunEnd | null> {
  const file = await openOwn(events).catch(() => null)
  if (!file) return null
  try {
    const { size } = await file.stat()
    for (const bytes of tailBytes) {
      const start = Math.max(0, size - bytes)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
      const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n')
      // The beginning of the first line may be missing.
      if (lines.length === 1 && start > 0) continue
      const last = parseEvents(lines.slice(start > 0 ? 1 : 0)).at(-1)
      return last?.type === 'end' ? last : null
    }
    return null
  } finally {
    await file.close()
  }
}
