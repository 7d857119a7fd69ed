// Finds the last event of a run if it is its end: a resumed run writes `start` again. Only the end of the file is read.
import { openOwn } from '../../system/ownFile.ts'
import { parseEvents } from './parseEvents.ts'

export interface RunEnd {
  readonly status: 'done' | 'failed' | 'cancelled'
  readonly message?: string | null
}

/** The last line of a run that is done is short; a reason may be long. */
const tailBytes = [2 ** 9, 2 ** 16]

/** null: it has written no end, or none that can be read. */
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
