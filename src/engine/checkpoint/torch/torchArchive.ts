// The zip archive that torch.save writes: where the pickle and every storage lie in the file. Entries are stored as
// they are, so that they can be read in ranges.
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { FormatError, quoted } from '../../../errors.ts'
import type { WeightFiles } from '../weightFiles.ts'

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
/** A bundle of a hundred thousand tensors has as many entries. */
const maxEntries = 1_000_000

/** @throws FormatError when the file is no such archive, or was made to mislead. */
export async function readArchive(pool: WeightFiles, path: string, fileBytes: number): Promise<TorchArchive> {
  const zip = await openZip(pool, path, fileBytes)
  const entries = new Map<string, Entry>()
  for await (const entry of eachEntry(zip)) {
    if (entries.has(entry.fileName)) throw new FormatError(`it has ${quoted(entry.fileName)} twice; get it again`)
    entries.set(entry.fileName, entry)
  }
  const [pickle, ...others] = [...entries.values()].filter(({ fileName }) => pickleName.test(fileName))
  if (pickle === undefined || others.length > 0)
    throw new FormatError('it is a zip archive, but not of torch.save: it has no data.pkl; give the weights of a model')
  const home = pickle.fileName.slice(0, pickle.fileName.indexOf('/') + 1)
  await checkByteOrder(pool, path, zip, entries.get(`${home}byteorder`))
  const storages = new Map<string, Place>()
  for (const [name, entry] of entries) {
    const key = name.startsWith(`${home}data/`) ? name.slice(home.length + 5) : ''
    if (key !== '' && !key.includes('/')) storages.set(key, await placeOf(zip, entry))
  }
  return { pickle: await placeOf(zip, pickle), storages }
}

async function openZip(pool: WeightFiles, path: string, fileBytes: number): Promise<ZipFile> {
  const options = { autoClose: false, lazyEntries: true, validateEntrySizes: true }
  try {
    return await fromRandomAccessReaderPromise(new PoolReader(pool, path, fileBytes), fileBytes, options)
  } catch (error) {
    throw damagedZip(error)
  }
}

async function* eachEntry(zip: ZipFile): AsyncGenerator<Entry> {
  if (zip.entryCount > maxEntries)
    throw new FormatError(`it claims ${zip.entryCount} entries, more than any model has; get it again`)
  try {
    yield* zip.eachEntry()
  } catch (error) {
    throw damagedZip(error)
  }
}

async function placeOf(zip: ZipFile, entry: Entry): Promise<Place> {
  if (entry.compressionMethod !== 0 || entry.isEncrypted() || entry.compressedSize !== entry.uncompressedSize)
    throw new FormatError(`${quoted(entry.fileName)} is compressed, which torch.save never does; save it again with it`)
  const header = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error: unknown) => {
    throw damagedZip(error)
  })
  return { start: header.fileDataStart, bytes: entry.uncompressedSize }
}

async function checkByteOrder(pool: WeightFiles, path: string, zip: ZipFile, entry: Entry | undefined): Promise<void> {
  if (!entry) return
  const { start, bytes } = await placeOf(zip, entry)
  const order = new Uint8Array(Math.min(bytes, 16))
  await pool.read(path, start, order)
  if (new TextDecoder().decode(order).trim() !== 'little')
    throw new FormatError('its numbers are big-endian; save it again on a little-endian machine')
}

/** An error of the disk says so itself; the library's own are about the bytes. */
function damagedZip(error: unknown): unknown {
  if (!(error instanceof Error) || error.constructor !== Error) return error
  return new FormatError(`its zip archive is damaged (${error.message}); the download was cut off: get it again`)
}

/** Entries are read a few bytes at a time: out of one piece of the file, not by as many reads. */
class PoolReader extends RandomAccessReader {
  private static readonly windowBytes = 1 << 13
  private readonly pool: WeightFiles
  private readonly path: string
  private readonly fileBytes: number
  private window = { start: 0, bytes: new Uint8Array(0) }

  constructor(pool: WeightFiles, path: string, fileBytes: number) {
    super()
    this.pool = pool
    this.path = path
    this.fileBytes = fileBytes
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.fill(position, length).then(
      (bytes) => {
        target.set(bytes, offset)
        callback(null, bytes.length)
      },
      (error: Error) => callback(error),
    )
  }

  /** Up to `length` bytes: fewer at the end of the file. */
  private async fill(position: number, length: number): Promise<Uint8Array> {
    const end = Math.min(position + length, this.fileBytes)
    const { start, bytes } = this.window
    if (position < start || end > start + bytes.length) {
      const size = Math.min(Math.max(PoolReader.windowBytes, length), Math.max(0, this.fileBytes - position))
      const read = new Uint8Array(size)
      await this.pool.read(this.path, position, read)
      this.window = { start: position, bytes: read }
    }
    return this.window.bytes.subarray(position - this.window.start, Math.max(0, end - this.window.start))
  }
}
