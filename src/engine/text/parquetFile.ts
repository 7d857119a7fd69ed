// A .parquet file as rows of some of its columns. Row groups are read one at a time.
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet'
import { formatBytes } from '../../shared/format/byteSize.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'

/** Of one column of a row group, packed or not: what is unpacked at a time. Writers make groups of about 100 MB. */
const maxGroupBytes = 2 ** 30
/** More rows than this in a group are no documents. */
const maxGroupRows = 2 ** 22

export interface RowGroup {
  readonly rowStart: number
  readonly rowEnd: number
}

export interface ParquetFile {
  /** Top-level columns. */
  readonly columns: readonly string[]
  /** The smallest pieces that can be unpacked. @throws EngineError 'bad-data' for one of which `columns` are too large. */
  groups(columns: readonly string[]): RowGroup[]
  read(columns: readonly string[], group: RowGroup): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** @throws EngineError 'bad-data'. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { file, close } = await openBuffer(path)
  try {
    const metadata = await parquetMetadataAsync(file)
    return {
      columns: parquetSchema(metadata).children.map(({ element }) => element.name),
      groups: (columns) => rowGroups(metadata, path, columns),
      async read(columns, { rowStart, rowEnd }) {
        try {
          const compressors = await limitedCompressors()
          return await parquetReadObjects({ file, metadata, columns: [...columns], rowStart, rowEnd, compressors })
        } catch (error) {
          throw unreadable(path, error)
        }
      },
      close,
    }
  } catch (error) {
    await close()
    throw unreadable(path, error)
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

function rowGroups({ row_groups: groups }: FileMetaData, path: string, fields: readonly string[]): RowGroup[] {
  let rowStart = 0
  return groups.map(({ num_rows, columns }, g) => {
    const rows = Number(num_rows)
    const bytes = columns
      .flatMap(({ meta_data: data }) => (data && fields.includes(data.path_in_schema[0]) ? [data] : []))
      .reduce(
        (sum, data) => sum + Math.max(Number(data.total_uncompressed_size), Number(data.total_compressed_size)),
        0,
      )
    if (!(rows >= 0 && rows <= maxGroupRows && bytes <= maxGroupBytes))
      throw new EngineError(
        'bad-data',
        `${path}: its row group ${g + 1} has ${rows} rows in ${formatBytes(bytes)} of ${fields.map((name) => `"${name}"`).join(', ')}, too many to unpack at once; write it with smaller row groups`,
      )
    const rowEnd = rowStart + rows
    const group = { rowStart, rowEnd }
    rowStart = rowEnd
    return group
  })
}

/**
 * A page says itself how large it will be. Loaded when a file needs them: they take WebAssembly memory as soon as they are
 * imported, which commands that read no such file must not depend on.
 */
async function limitedCompressors(): Promise<Compressors> {
  const { compressors } = await import('hyparquet-compressors')
  const limited = Object.entries(compressors).map(([name, unpack]) => [
    name,
    (input: Uint8Array, outputLength: number) => {
      if (!(outputLength <= maxGroupBytes)) throw new Error(`a page of ${outputLength} bytes`)
      return unpack(input, outputLength)
    },
  ])
  return Object.fromEntries(limited) as Compressors
}

function unreadable(path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new EngineError('bad-data', `${path} is not a readable parquet file (${reason}); write it again`)
}
