// Lines of events.jsonl that nobody vouches for.
import { isRunEvent, type RunEvent } from '../series/events.ts'

/** The events of the lines, in their order; a line that is none is skipped. */
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
