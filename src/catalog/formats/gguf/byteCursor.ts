// Reads a file forwards, value by value, with a small window of it in memory. Whoever asks for more than the file has, or than
// a header may take, gets a FormatError.
import { FormatError } from '../../../errors.ts'

/** Ranged reads, of a file or of one on the Hub. */
export interface ByteSource {
  readonly size: number
  /** Fills `target` from byte `start`. */
  read(start: number, target: Uint8Array): Promise<void>
}

const windowBytes = 2 ** 20

export class ByteCursor {
  private readonly source: ByteSource
  /** Byte after the last that may be read. */
  private readonly end: number
  private window = new Uint8Array(0)
  private view = new DataView(this.window.buffer)
  private windowStart = 0
  /** The place of the next byte. */
  place = 0

  constructor(source: ByteSource, mostBytes: number) {
    this.source = source
    this.end = Math.min(source.size, mostBytes)
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.place
  }

  /** Whether the next bytes are in memory, so that nothing has to be awaited. */
  has(bytes: number): boolean {
    return this.place - this.windowStart + bytes <= this.window.length
  }

  /** Brings the next bytes into memory. @throws FormatError when there are not as many. */
  async fill(bytes: number): Promise<void> {
    if (this.has(bytes)) return
    this.require(bytes)
    const window = new Uint8Array(Math.min(this.left, Math.max(bytes, windowBytes)))
    await this.source.read(this.place, window)
    this.window = window
    this.view = new DataView(window.buffer)
    this.windowStart = this.place
  }

  /** @throws FormatError as `fill`. */
  skip(bytes: number): void {
    this.require(bytes)
    this.place += bytes
  }

  /** The next bytes, which must be in memory, as a view; moves behind them. */
  take(bytes: number): DataView {
    const start = this.move(bytes)
    return new DataView(this.window.buffer, start, bytes)
  }

  u32(): number {
    return this.view.getUint32(this.move(4), true)
  }

  /** Infinity for what a double does not hold exactly: no count is so large. */
  u64(): number {
    const at = this.move(8)
    const value = this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true)
    return Number.isSafeInteger(value) ? value : Infinity
  }

  private move(bytes: number): number {
    const at = this.place - this.windowStart
    this.place += bytes
    return at
  }

  private require(bytes: number): void {
    if (bytes <= this.left) return
    throw new FormatError(
      this.end < this.source.size
        ? `its header goes on after ${this.end} bytes, longer than that of any model; the file is damaged: get it again`
        : 'it ends in the middle of its header; the download was cut off or the file is damaged: get it again',
    )
  }
}
