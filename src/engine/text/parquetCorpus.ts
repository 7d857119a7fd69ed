// A .parquet file has a document a row, in a column of strings. Row groups are read one at a time.
import { open, stat } from 'node:fs/promises'
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readError } from '../checkpoint/diskErrors.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { Corpus } from './corpus.ts'

export function parquetCorpus(path: string, field: string): Corpus {
  const opened = async () => {
    const file = await openBuffer(path)
    return { file, metadata: await readMetadata(file, path, field) }
  }
  return {
    path,
    async count() {
      return Number((await opened()).metadata.num_rows)
    },
    async *documents(wanted, signal) {
      const { file, metadata } = await opened()
      for (const [rowStart, rowEnd] of rowRanges(metadata)) {
        throwIfCancelled(signal)
        if (wanted && !anyWithin(wanted, rowStart, rowEnd)) continue
        const rows = await readRows(file, metadata, path, field, rowStart, rowEnd)
        for (let i = 0; i < rows.length; i++) {
          const index = rowStart + i
          if (!wanted || wanted.has(index)) yield { index, text: textOf(rows[i], `${path}, row ${index + 1}`, field) }
        }
      }
    },
  }
}

async function openBuffer(path: string): Promise<AsyncBuffer> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  return {
    byteLength: size,
    async slice(start, end = size) {
      const handle = await open(path, 'r')
      try {
        const bytes = new Uint8Array(end - start)
        for (let done = 0; done < bytes.length;) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0) throw new EngineError('bad-data', `${path} ends early; get it again`)
          done += bytesRead
        }
        return bytes.buffer
      } finally {
        await handle.close()
      }
    },
  }
}

async function readMetadata(file: AsyncBuffer, path: string, field: string): Promise<FileMetaData> {
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const columns = metadata.schema.slice(1).map((s) => s.name)
  if (columns.includes(field)) return metadata
  throw new EngineError('bad-data', `${path} has no column "${field}"; choose the field among: ${columns.join(', ')}`)
}

/** First row and end of every row group: the smallest piece that can be unpacked. */
function* rowRanges(metadata: FileMetaData): Generator<[number, number]> {
  let first = 0
  for (const group of metadata.row_groups) {
    const end = first + Number(group.num_rows)
    yield [first, end]
    first = end
  }
}

function anyWithin(wanted: ReadonlySet<number>, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (wanted.has(i)) return true
  return false
}

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
