// The zip archive that torch.save writes: where the pickle and every storage are in the file. Entries are not compressed, so
// they can be read in ranges. Layout of the records: PKWARE's APPNOTE 4.3 (www.pkware.com/appnote).
import { FormatError, quoted } from '../../../errors.ts'
import type { WeightFiles } from '../fileHeader.ts'

/** Bytes [start, start + bytes) of the file. */
export interface Place {
  readonly start: number
  readonly bytes: number
}

export interface TorchArchive {
  readonly pickle: Place
  /** Places of the storages by key. */
  readonly storages: ReadonlyMap<string, Place>
}

const pickleName = /^[^/]+\/data\.pkl$/
/** A file of a hundred thousand tensors has about as many entries. */
const maxEntries = 1_000_000
/** The names and sizes of a million entries take less. */
const maxDirectoryBytes = 256 * 2 ** 20

/** @throws FormatError when the file is no such archive, or was made to mislead. */
export async function readArchive(pool: WeightFiles, path: string, fileBytes: number): Promise<TorchArchive> {
  const archive = new Archive(pool, path, fileBytes)
  const entries = await archive.entries()
  const [pickle, ...others] = [...entries.values()].filter(({ name }) => pickleName.test(name))
  if (pickle === undefined || others.length > 0)
    throw new FormatError('it is a zip archive, but not of torch.save: it has no data.pkl; give the weights of a model')
  const home = pickle.name.slice(0, pickle.name.indexOf('/') + 1)
  await checkByteOrder(archive, entries.get(`${home}byteorder`))
  const storages = new Map<string, Place>()
  for (const [name, entry] of entries) {
    const key = name.startsWith(`${home}data/`) ? name.slice(home.length + 5) : ''
    if (key !== '' && !key.includes('/')) storages.set(key, await archive.placeOf(entry))
  }
  return { pickle: await archive.placeOf(pickle), storages }
}

async function checkByteOrder(archive: Archive, entry: Entry | undefined): Promise<void> {
  if (!entry) return
  const { start, bytes } = await archive.placeOf(entry)
  const order = await archive.read(start, Math.min(bytes, 16))
  if (new TextDecoder().decode(order).trim() !== 'little')
    throw new FormatError('its numbers are big-endian; save it again on a little-endian machine')
}

interface Entry {
  readonly name: string
  /** Neither compressed nor encrypted. */
  readonly isPlain: boolean
  readonly bytes: number
  /** First byte of its own header, which comes before its data. */
  readonly header: number
}

/** The central directory, which says where the entries are. */
interface Directory extends Place {
  readonly entryCount: number
}

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 }
const sizes = { local: 30, entry: 46, end: 22, end64: 56, locator: 20 }
const maxCommentBytes = 0xffff
/** In a 32-bit field: the number is in the zip64 extra field instead. */
const elsewhere = 0xffffffff
const [zip64Extra, encryptedFlag, utf8Flag] = [1, 1, 1 << 11]

class Archive {
  readonly #pool: WeightFiles
  readonly #path: string
  readonly #fileBytes: number

  constructor(pool: WeightFiles, path: string, fileBytes: number) {
    this.#pool = pool
    this.#path = path
    this.#fileBytes = fileBytes
  }

  async read(start: number, length: number): Promise<DataView<ArrayBuffer>> {
    if (start + length > this.#fileBytes) throw damaged('a record is cut off')
    const bytes = new Uint8Array(length)
    await this.#pool.read(this.#path, start, bytes)
    return new DataView(bytes.buffer)
  }

  /** By name. */
  async entries(): Promise<ReadonlyMap<string, Entry>> {
    const { start, bytes, entryCount } = await this.#directory()
    if (entryCount > maxEntries)
      throw new FormatError(`it claims ${entryCount} entries, more than any model has; get it again`)
    if (bytes > maxDirectoryBytes) throw damaged(`its directory claims ${bytes} bytes`)
    const directory = await this.read(start, bytes)
    const entries = new Map<string, Entry>()
    let at = 0
    for (let i = 0; i < entryCount; i++) {
      const { entry, next } = entryAt(directory, at)
      if (entries.has(entry.name)) throw new FormatError(`it has ${quoted(entry.name)} twice; get it again`)
      entries.set(entry.name, entry)
      at = next
    }
    return entries
  }

  /** The end record says where the directory is; archives beyond 4 GiB or 65,535 entries have a zip64 record before it. */
  async #directory(): Promise<Directory> {
    const tailBytes = Math.min(this.#fileBytes, sizes.end + maxCommentBytes + sizes.locator)
    const tail = await this.read(this.#fileBytes - tailBytes, tailBytes)
    const end = endRecordAt(tail)
    const locator = end - sizes.locator
    if (locator < 0 || tail.getUint32(locator, true) !== signatures.locator)
      return {
        entryCount: tail.getUint16(end + 10, true),
        bytes: tail.getUint32(end + 12, true),
        start: tail.getUint32(end + 16, true),
      }
    const record = await this.read(wide(tail, locator + 8), sizes.end64)
    if (record.getUint32(0, true) !== signatures.end64) throw damaged('its zip64 record is missing')
    return { entryCount: wide(record, 32), bytes: wide(record, 40), start: wide(record, 48) }
  }

  /** @throws FormatError for an entry that cannot be read in ranges. */
  async placeOf({ name, isPlain, bytes, header }: Entry): Promise<Place> {
    if (!isPlain)
      throw new FormatError(`${quoted(name)} is compressed, which torch.save never does; save it again with it`)
    const local = await this.read(header, sizes.local)
    if (local.getUint32(0, true) !== signatures.local) throw damaged(`${quoted(name)} is not where it should be`)
    const start = header + sizes.local + local.getUint16(26, true) + local.getUint16(28, true)
    if (start + bytes > this.#fileBytes) throw damaged(`${quoted(name)} goes beyond its end`)
    return { start, bytes }
  }
}

/** Place of the end record in `tail`. A comment may follow; its length is in the record. */
function endRecordAt(tail: DataView): number {
  for (let at = tail.byteLength - sizes.end; at >= 0; at--) {
    const isRecord = tail.getUint32(at, true) === signatures.end
    if (isRecord && at + sizes.end + tail.getUint16(at + 20, true) === tail.byteLength) return at
  }
  throw damaged('it has no directory')
}

function entryAt(directory: DataView<ArrayBuffer>, at: number): { entry: Entry; next: number } {
  const cut = () => damaged('its directory is cut off')
  if (at + sizes.entry > directory.byteLength || directory.getUint32(at, true) !== signatures.entry) throw cut()
  const flags = directory.getUint16(at + 8, true)
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.getUint16(at + field, true))
  const extraAt = at + sizes.entry + nameBytes
  const next = extraAt + extraBytes + commentBytes
  if (next > directory.byteLength) throw cut()
  const name = new TextDecoder(flags & utf8Flag ? 'utf-8' : 'latin1').decode(
    new Uint8Array(directory.buffer, at + sizes.entry, nameBytes),
  )
  const extra = new DataView(directory.buffer, extraAt, extraBytes)
  const short = [24, 20, 42].map((field) => directory.getUint32(at + field, true))
  const [bytes, stored, header] = withWide(short, extra)
  const isPlain = directory.getUint16(at + 10, true) === 0 && !(flags & encryptedFlag) && stored === bytes
  return { entry: { name, isPlain, bytes, header }, next }
}

/** Numbers of an entry. Numbers that need 64 bits are in its extra field, in the same order. */
function withWide(short: readonly number[], extra: DataView): number[] {
  if (!short.includes(elsewhere)) return [...short]
  const [start, end] = extraField(extra)
  let at = start
  return short.map((value) => {
    if (value !== elsewhere) return value
    if (at + 8 > end) throw damaged('a size is missing')
    at += 8
    return wide(extra, at - 8)
  })
}

/** Start and end of the zip64 field. */
function extraField(extra: DataView): [start: number, end: number] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)]
    if (id === zip64Extra) return [at + 4, Math.min(at + 4 + length, extra.byteLength)]
    at += 4 + length
  }
  return [0, 0]
}

/** A 64-bit number. One beyond 2 ** 53 loses precision, but is never a valid place in a file. */
function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

function damaged(why: string): FormatError {
  return new FormatError(`its zip archive is damaged (${why}); the download was cut off: get it again`)
}
