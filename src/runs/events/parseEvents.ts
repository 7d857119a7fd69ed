// Lines of events.jsonl, which is not trusted.
import { isRunEvent, type RunEvent } from '../series/events.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../series/foldRun.ts'
import { EventTail } from './eventTail.ts'

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
