// Writes events.jsonl, the events of a run, one JSON object a line (src/runs/series/events.ts).
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import type { NewRunEvent, RunEvent } from '../series/events.ts'
import { writeError } from '../../system/diskErrors.ts'
import { openOwnSync } from '../../system/ownFile.ts'

// How much of a file of lines can be trusted after a power failure, which may cut its end off or leave NUL bytes there.
const chunkBytes = 2 ** 20
const newline = 10

/** Bytes of the whole lines among the first `bytes` of an open file: `bytes` itself where nothing is wrong. */
export function wholeLineBytes(descriptor: number, bytes: number): number {
  const end = Math.min(bytes, fstatSync(descriptor).size)
  let whole = 0
  for (let start = 0; start < end; start += chunkBytes) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, end - start))
    const found = chunk.subarray(0, readSync(descriptor, chunk, 0, chunk.length, start))
    const nul = found.indexOf(0)
    const last = found.subarray(0, nul < 0 ? found.length : nul).lastIndexOf(newline)
    if (last >= 0) whole = start + last + 1
    if (nul >= 0 || found.length < chunk.length) break
  }
  return whole
}

export interface EventLog {
  /** Appends at once: a killed process loses no event. `end` is the last event. */
  emit(event: NewRunEvent): void
  /** `emit` for timers and listeners, whose errors nothing catches: the next `emit` reports a full disk. */
  mention(event: NewRunEvent): void
  /** Bytes written so far: a resumed run cuts the file there and writes the rest again. */
  bytes(): number
  /** Milliseconds of work since the run began, over all its sessions. */
  elapsed(): number
  /** Stops the clock while `body` runs: a pause is not work. */
  pause(body: () => Promise<void>): Promise<void>
  close(): void
}

export interface EventLogOptions {
  readonly path: string
  /** Bytes of a resumed run's file to keep, or its whole lines where it is shorter; new events follow them. */
  readonly bytes?: number
  readonly elapsed?: number
  /** False when the run folder has become another process's: nothing is written then. */
  readonly isOurs?: () => boolean
  readonly onEvent?: (event: RunEvent) => void
}

/** @throws EngineError 'disk', also from `emit`. */
export function openEventLog({ path, bytes = 0, elapsed = 0, isOurs, onEvent }: EventLogOptions): EventLog {
  let begun = performance.now() - elapsed
  let stoppedAt: number | null = null
  const elapsedNow = () => (stoppedAt ?? performance.now()) - begun
  const attempt = <T>(write: () => T): T => {
    try {
      return write()
    } catch (error) {
      throw writeError(error, path)
    }
  }
  let position = 0
  const file = attempt(() => {
    const descriptor = openOwnSync(path)
    // The file may hold less after a power failure than was recorded.
    position = wholeLineBytes(descriptor, bytes)
    ftruncateSync(descriptor, position)
    return descriptor
  })
  let open = true
  let ended = false
  const emit = (event: NewRunEvent) => {
    if (!open || ended || isOurs?.() === false) return
    ended = event.type === 'end'
    const timed: RunEvent = { t: Math.round(elapsedNow()), ...event }
    const line = Buffer.from(`${JSON.stringify(timed)}\n`)
    for (let done = 0; done < line.length;)
      done += attempt(() => writeSync(file, line, done, line.length - done, position + done))
    position += line.length
    onEvent?.(timed)
  }
  return {
    emit,
    mention(event) {
      try {
        emit(event)
      } catch {
        return
      }
    },
    bytes: () => position,
    elapsed: elapsedNow,
    async pause(body) {
      const since = performance.now()
      stoppedAt = since
      try {
        await body()
      } finally {
        stoppedAt = null
        begun += performance.now() - since
      }
    },
    close() {
      if (open) closeSync(file)
      open = false
    },
  }
}
