// Values of GGUF's metadata as text. Long lists, such as a vocabulary, are skipped and only their beginning is kept.
import { FormatError, quoted } from '../../../errors.ts'

// Reads a file forwards, value by value, with a small window of the file in memory. A caller that asks for more bytes than the file or
// a header can have gets a FormatError.
/** Ranged reads of a file on this disk or on the Hub. */
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

  /** Whether the next bytes are in memory and need no `await`. */
  has(bytes: number): boolean {
    return this.place - this.windowStart + bytes <= this.window.length
  }

  /** Brings the next `bytes` bytes into memory. @throws FormatError when fewer are left. */
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

  /** Infinity for a number that a double does not hold exactly: no count is so large. */
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
        ? `its header continues after ${this.end} bytes, longer than that of any model; the file is damaged: get it again`
        : 'it ends in the middle of its header; the download was cut off or the file is damaged: get it again',
    )
  }
}

/** Limits the bytes of all texts that are kept, since a file may claim any number of texts. */
export interface TextBudget {
  /** @throws FormatError when the texts are longer than those of any model. */
  spend(bytes: number): void
}

const maxTextBytes = 32 * 2 ** 20

export function textBudget(): TextBudget {
  let left = maxTextBytes
  return {
    spend(bytes) {
      left -= bytes
      if (left < 0)
        throw new FormatError(
          `its names and texts take more than ${maxTextBytes} bytes, more than those of any model; the file is damaged: get it again`,
        )
    },
  }
}

/** Elements of a list that are shown. */
const shownElements = 4
/** Bytes shown of a text in a list. */
const shownBytes = 40

interface Scalar {
  readonly bytes: number
  readonly text: (view: DataView) => string
}

const float = (value: number) => String(Math.fround(value) === value ? Number(value.toPrecision(7)) : value)
const scalars: Readonly<Record<number, Scalar>> = {
  0: { bytes: 1, text: (view) => String(view.getUint8(0)) },
  1: { bytes: 1, text: (view) => String(view.getInt8(0)) },
  2: { bytes: 2, text: (view) => String(view.getUint16(0, true)) },
  3: { bytes: 2, text: (view) => String(view.getInt16(0, true)) },
  4: { bytes: 4, text: (view) => String(view.getUint32(0, true)) },
  5: { bytes: 4, text: (view) => String(view.getInt32(0, true)) },
  6: { bytes: 4, text: (view) => float(view.getFloat32(0, true)) },
  7: { bytes: 1, text: (view) => String(view.getUint8(0) !== 0) },
  10: { bytes: 8, text: (view) => String(view.getBigUint64(0, true)) },
  11: { bytes: 8, text: (view) => String(view.getBigInt64(0, true)) },
  12: { bytes: 8, text: (view) => String(view.getFloat64(0, true)) },
}
const stringType = 8
const arrayType = 9

/** `key`: for messages. @throws FormatError for a type that is not known, or a length that cannot be true. */
export async function readValue(cursor: ByteCursor, type: number, key: string, budget: TextBudget): Promise<string> {
  const scalar = scalars[type]
  if (scalar) {
    await cursor.fill(scalar.bytes)
    return scalar.text(cursor.take(scalar.bytes))
  }
  if (type === stringType) return readString(cursor, key, budget)
  if (type === arrayType) return readList(cursor, key, budget)
  throw unknownType(type, key)
}

function unknownType(type: number, key: string): FormatError {
  return new FormatError(`${quoted(key)} has the unknown type ${type}; the file is damaged: get it again`)
}

async function readString(cursor: ByteCursor, key: string, budget: TextBudget): Promise<string> {
  const length = await lengthOf(cursor, key)
  budget.spend(length)
  await cursor.fill(length)
  return new TextDecoder().decode(cursor.take(length))
}

/** A length in bytes or in elements of `elementBytes`: never more than is left. */
async function lengthOf(cursor: ByteCursor, key: string, elementBytes = 1): Promise<number> {
  await cursor.fill(8)
  const length = cursor.u64()
  if (length * elementBytes <= cursor.left) return length
  throw new FormatError(
    `${quoted(key)} claims a length of ${length === Infinity ? 'more than 2^53' : length}, more than a header or the file has left; it is damaged: get it again`,
  )
}

async function readList(cursor: ByteCursor, key: string, budget: TextBudget): Promise<string> {
  await cursor.fill(4)
  const type = cursor.u32()
  if (type === arrayType)
    throw new FormatError(
      `${quoted(key)} is a list of lists, which GGUF does not allow; the file is damaged: get it again`,
    )
  if (type === stringType) return readStrings(cursor, key, budget)
  const scalar = scalars[type]
  if (!scalar) throw unknownType(type, key)
  const length = await lengthOf(cursor, key, scalar.bytes)
  const shown: string[] = []
  while (shown.length < Math.min(length, shownElements)) {
    await cursor.fill(scalar.bytes)
    shown.push(scalar.text(cursor.take(scalar.bytes)))
  }
  cursor.skip((length - shown.length) * scalar.bytes)
  return listText(shown, length)
}

async function readStrings(cursor: ByteCursor, key: string, budget: TextBudget): Promise<string> {
  const length = await lengthOf(cursor, key, 8)
  const shown: string[] = []
  for (let i = 0; i < length; i++) {
    if (!cursor.has(8)) await cursor.fill(8)
    const bytes = cursor.u64()
    if (i < shownElements && bytes <= cursor.left) {
      const some = Math.min(bytes, shownBytes)
      budget.spend(some)
      await cursor.fill(some)
      shown.push(JSON.stringify(new TextDecoder().decode(cursor.take(some)) + (some < bytes ? '…' : '')))
      cursor.skip(bytes - some)
    } else cursor.skip(bytes)
  }
  return listText(shown, length)
}

function listText(shown: readonly string[], length: number): string {
  const rest = length > shown.length ? [`… ${length} in all`] : []
  return `[${[...shown, ...rest].join(', ')}]`
}
