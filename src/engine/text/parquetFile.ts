// A .parquet file as rows of some of its columns. Row groups are read one at a time; large ones are unpacked in a thread that
// Ctrl-C ends.
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import { once } from 'node:events'
import { formatBytes } from '../../formatting/numbers.ts'
import { openRanges } from '../checkpoint/filePool.ts'
import { EngineError, type ErrorCode, messageOf, throwIfCancelled } from '../errors.ts'
import { startWorker } from '../../system/startWorker.ts'
import { someOf } from '../../formatting/lists.ts'
import { breathe } from '../breathe.ts'
import { type Corpus, joined } from './corpus.ts'

/** Most bytes of a row group's requested columns, packed or not, since they are unpacked at once. Writers make groups of about 100 MB. */
const maxGroupBytes = 2 ** 30
/** Most bytes that are unpacked in the calling thread: a tenth of a second's work. */
const largeGroupBytes = 2 ** 23
/** Most rows of a group; a file with more does not hold documents. */
const maxGroupRows = 2 ** 22

export interface ParquetFile {
  /** Top-level columns. */
  readonly columns: readonly string[]
  /** Top-level columns of lists and maps. */
  readonly nested: readonly string[]
  /** The smallest pieces that can be unpacked. @throws EngineError 'bad-data' where `columns` of one piece are too large. */
  groups(columns: readonly string[]): RowGroup[]
  /** Yields the group's rows; a large group is unpacked in a thread, which ends when the signal fires. */
  rows(columns: readonly string[], group: RowGroup, signal?: AbortSignal): AsyncIterable<Row>
  close(): Promise<void>
}

/** @throws EngineError 'bad-data'. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { file, metadata, close } = await openMetadata(path)
  const { children } = parquetSchema(metadata)
  return {
    columns: children.map(({ element }) => element.name),
    nested: children.flatMap((column) => (column.children.length > 0 ? [column.element.name] : [])),
    groups: (columns) => rowGroups(metadata, path, columns),
    async *rows(columns, group, signal) {
      if (group.bytes > largeGroupBytes) yield* rowsOfThread({ path, columns, group }, signal)
      else yield* await unpack(path, file, metadata, columns, group)
    },
    close,
  }
}

/** Reads all rows of a group at once. @throws EngineError 'bad-data'. */
export async function readGroup({ path, columns, group }: GroupRequest): Promise<Row[]> {
  const { file, metadata, close } = await openMetadata(path)
  try {
    return await unpack(path, file, metadata, columns, group)
  } finally {
    await close()
  }
}

async function unpack(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
  { rowStart, rowEnd }: RowGroup,
): Promise<Row[]> {
  try {
    const compressors = await limitedCompressors()
    return await parquetReadObjects({ file, metadata, columns: [...columns], rowStart, rowEnd, compressors })
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function openMetadata(path: string) {
  const { file, close } = await openRanges(path, maxGroupBytes)
  try {
    return { file, close, metadata: await parquetMetadataAsync(file) }
  } catch (error) {
    await close()
    throw unreadable(path, error)
  }
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
    const group = { rowStart, rowEnd, bytes }
    rowStart = rowEnd
    return group
  })
}

/**
 * Decompressors by codec, with a limit on the size that a page itself declares. They are imported when a file needs them:
 * the import allocates WebAssembly memory, which commands that read no such file must not depend on.
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
  const reason = messageOf(error)
  return new EngineError('bad-data', `${path} is not a readable parquet file (${reason}); write it again`)
}

/** Answers of the thread, which sends a few rows at a time. */
export type FromParquet =
  /** The rows of one message. The last message may have fewer, or none. */
  | { readonly type: 'rows'; readonly rows: readonly Row[]; readonly last: boolean }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

/** @throws EngineError as reading does, or 'cancelled' at once when the signal fires. */
async function* rowsOfThread(request: GroupRequest, signal?: AbortSignal): AsyncGenerator<Row> {
  throwIfCancelled(signal)
  const worker = startWorker(import.meta.url, './parquetWorker.ts', 'parquetWorker', { workerData: request })
  try {
    for (;;) {
      worker.postMessage('more')
      const [message] = (await once(worker, 'message', { signal }).catch((error: unknown) => {
        throwIfCancelled(signal)
        throw error
      })) as [FromParquet]
      if (message.type === 'failed') throw new EngineError(message.code, message.message)
      yield* message.rows
      if (message.last) return
    }
  } finally {
    await worker.terminate()
  }
}

/** The smallest part of a .parquet file that can be unpacked. */
interface RowGroup {
  readonly rowStart: number
  readonly rowEnd: number
  /** Bytes of the requested columns, packed or not, whichever is more. */
  readonly bytes: number
}

type Row = Record<string, unknown>

export interface GroupRequest {
  readonly path: string
  readonly columns: readonly string[]
  readonly group: RowGroup
}

// A .parquet file has a document a row, in a column of strings.
export function parquetCorpus(path: string, field: string): Corpus {
  const check = (found: readonly string[]) => {
    if (found.includes(field)) return
    throw new EngineError('bad-data', `${path} has no column "${field}"; choose the field among: ${someOf(found)}`)
  }
  async function* documents(wanted?: ReadonlySet<number>, signal?: AbortSignal) {
    for await (const { index, row, where } of parquetRows(path, [field], check, signal, wanted))
      yield { index, text: textOf(row, where, field) }
  }
  return {
    path,
    async count() {
      const file = await openParquet(path)
      try {
        check(file.columns)
        return file.groups([field]).at(-1)?.rowEnd ?? 0
      } finally {
        await file.close()
      }
    },
    documents,
    pieces: (signal) => joined(documents(undefined, signal)),
  }
}

/**
 * Rows and their places: all, or those whose index is wanted. `columns` null: all of the file. Columns that the file lacks are left out.
 * @throws EngineError 'bad-data'.
 */
export async function* parquetRows(
  path: string,
  columns: readonly string[] | null,
  check: (found: readonly string[]) => void,
  signal?: AbortSignal,
  wanted?: ReadonlySet<number>,
): AsyncGenerator<{ index: number; row: Row; where: string }> {
  const file = await openParquet(path)
  try {
    check(file.columns)
    const present = columns?.filter((name) => file.columns.includes(name)) ?? file.columns
    for (const group of file.groups(present)) {
      await breathe(signal)
      const { rowStart, rowEnd } = group
      if (wanted && ![...wanted].some((row) => row >= rowStart && row < rowEnd)) continue
      let index = rowStart
      for await (const row of file.rows(present, group, signal)) {
        if (!wanted || wanted.has(index)) yield { index, row, where: rowOf(path, index) }
        index++
      }
    }
  } finally {
    await file.close()
  }
}

function rowOf(path: string, index: number): string {
  return `${path}, row ${index + 1}`
}

function textOf(row: Record<string, unknown>, where: string, field: string): string {
  const text = row[field]
  if (typeof text === 'string') return text
  throw new EngineError('bad-data', `${where} has no text in "${field}"; choose a column of strings`)
}
