// A .parquet file has a document a row, in a column of strings. Row groups are read one at a time.
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { compressors as codecs } from 'hyparquet-compressors'
import { formatBytes } from '../../shared/format/byteSize.ts'
import { someOf } from '../../shared/format/lists.ts'
import { breathe } from '../breathe.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'
import { joined } from './joined.ts'

/** Of one column of a row group, packed or not: what is unpacked at a time. Writers make groups of about 100 MB. */
const maxGroupBytes = 2 ** 30
/** More rows than this in a group are no documents. */
const maxGroupRows = 2 ** 22

export function parquetCorpus(path: string, field: string): Corpus {
  async function* documents(wanted?: ReadonlySet<number>, signal?: AbortSignal) {
    const { file, close } = await openBuffer(path)
    try {
      const metadata = await readMetadata(file, path, field)
      for (const { rowStart, rowEnd } of rowGroups(metadata, path, field)) {
        await breathe(signal)
        if (wanted && ![...wanted].some((row) => row >= rowStart && row < rowEnd)) continue
        const rows = await readRows(file, metadata, path, field, rowStart, rowEnd)
        for (let i = 0; i < rows.length; i++) {
          const index = rowStart + i
          if (!wanted || wanted.has(index)) yield { index, text: textOf(rows[i], `${path}, row ${index + 1}`, field) }
        }
      }
    } finally {
      await close()
    }
  }
  return {
    path,
    async count() {
      const { file, close } = await openBuffer(path)
      try {
        return rowGroups(await readMetadata(file, path, field), path, field).at(-1)?.rowEnd ?? 0
      } finally {
        await close()
      }
    },
    documents,
    pieces: (signal) => joined(documents(undefined, signal)),
  }
}

async function openBuffer(path: string): Promise<{ file: AsyncBuffer; close: () => Promise<void> }> {
  const handle = await openRegular(path, 'bad-data')
  const { size } = await handle.stat()
  const file: AsyncBuffer = {
    byteLength: size,
    async slice(start, end = size) {
      // Places come from the file itself.
      if (!(start >= 0 && start <= end && end <= size && end - start <= maxGroupBytes))
        throw new Error(`it names bytes ${start} to ${end} of ${size}`)
      const bytes = new Uint8Array(end - start)
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
        if (bytesRead === 0) throw new EngineError('bad-data', `${path} ends early; get it again`)
        done += bytesRead
      }
      return bytes.buffer
    },
  }
  return { file, close: () => handle.close() }
}

async function readMetadata(file: AsyncBuffer, path: string, field: string): Promise<FileMetaData> {
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const columns = metadata.schema.slice(1).map((s) => s.name)
  if (columns.includes(field)) return metadata
  throw new EngineError('bad-data', `${path} has no column "${field}"; choose the field among: ${someOf(columns)}`)
}

interface RowGroup {
  readonly rowStart: number
  readonly rowEnd: number
}

/** Row groups are the smallest pieces that can be unpacked. @throws EngineError 'bad-data' for one that is too large. */
function rowGroups({ row_groups: groups }: FileMetaData, path: string, field: string): RowGroup[] {
  let rowStart = 0
  return groups.map(({ num_rows, columns }, g) => {
    const rows = Number(num_rows)
    const bytes = columns
      .flatMap(({ meta_data: data }) => (data?.path_in_schema[0] === field ? [data] : []))
      .reduce(
        (sum, data) => sum + Math.max(Number(data.total_uncompressed_size), Number(data.total_compressed_size)),
        0,
      )
    if (!(rows >= 0 && rows <= maxGroupRows && bytes <= maxGroupBytes))
      throw new EngineError(
        'bad-data',
        `${path}: its row group ${g + 1} has ${rows} rows in ${formatBytes(bytes)} of "${field}", too many to unpack at once; write it with smaller row groups`,
      )
    const rowEnd = rowStart + rows
    const group = { rowStart, rowEnd }
    rowStart = rowEnd
    return group
  })
}

/** A page says itself how large it will be. */
const compressors = Object.fromEntries(
  Object.entries(codecs).map(([name, unpack]) => [
    name,
    (input: Uint8Array, outputLength: number) => {
      if (!(outputLength <= maxGroupBytes)) throw new Error(`a page of ${outputLength} bytes`)
      return unpack(input, outputLength)
    },
  ]),
) as typeof codecs

async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  path: string,
  field: string,
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  try {
    return await parquetReadObjects({ file, metadata, columns: [field], rowStart, rowEnd, compressors })
  } catch (error) {
    throw unreadable(path, error)
  }
}

function textOf(row: Record<string, unknown>, where: string, field: string): string {
  const text = row[field]
  if (typeof text === 'string') return text
  throw new EngineError('bad-data', `${where} has no text in "${field}"; choose a column of strings`)
}

function unreadable(path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new EngineError('bad-data', `${path} is not a readable parquet file (${reason}); write it again`)
}
