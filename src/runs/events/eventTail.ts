// Reads new events of a run, a few megabytes at a time: a run of any length is never in memory as a whole. The file is not
// trusted.
import type { FileHandle } from 'node:fs/promises'
import { openOwn } from '../../system/ownFile.ts'

const usualBytes = 2 ** 20
/** Most bytes of a line. A longer line is not an event, and reading stops before it. */
const longestLine = 2 ** 26
/** Bytes kept from the end of the last read. If the file differs there, it was truncated and written anew. */
const markBytes = 64
const newline = 10

/** Takes whole lines, valid only during the call. `isAnew`: they begin the file and replace all earlier lines. */
export type TakeLines = (lines: Buffer, isAnew: boolean) => void

export class EventTail {
  private offset = 0
  private mark = Buffer.alloc(0)
  private reading: Promise<void> | null = null

  /** A line that is still being written waits for the next call. One reading at a time. @throws EngineError. */
  readNew(path: string, take: TakeLines): Promise<void> {
    this.reading ??= this.read(path, take).finally(() => (this.reading = null))
    return this.reading
  }

  /** The next reading begins with the first line. */
  startOver(): void {
    this.offset = 0
    this.mark = Buffer.alloc(0)
  }

  private async read(path: string, take: TakeLines): Promise<void> {
    const file = await openOwn(path)
    try {
      const { size } = await file.stat()
      if (!(await this.goesOn(file, size))) {
        this.startOver()
        take(Buffer.alloc(0), true)
      }
      let room = Buffer.allocUnsafe(Math.min(size - this.offset, usualBytes))
      for (;;) {
        const bytesLeft = size - this.offset
        const { bytesRead } = await file.read(room, 0, Math.min(bytesLeft, room.length), this.offset)
        const lines = room.subarray(0, room.subarray(0, bytesRead).lastIndexOf(newline) + 1)
        if (lines.length === 0) {
          if (bytesRead < room.length || bytesRead === bytesLeft || room.length >= longestLine) return
          room = Buffer.allocUnsafe(Math.min(bytesLeft, 4 * room.length))
          continue
        }
        take(lines, this.offset === 0)
        this.offset += lines.length
        this.mark = Buffer.from(lines.subarray(-markBytes))
      }
    } finally {
      await file.close()
    }
  }

  /** Whether the file continues what was read: a resumed run removes lines and writes others in their place. */
  private async goesOn(file: FileHandle, size: number): Promise<boolean> {
    if (size < this.offset) return false
    const { length } = this.mark
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, this.offset - length)
    return buffer.equals(this.mark)
  }
}
