// A data file by its ending: its documents, or its rows with all their columns.
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'
import { jsonlCorpus, jsonlRows } from './jsonlCorpus.ts'
import { parquetCorpus, parquetRows } from './parquetFile.ts'
import { textCorpus } from './textCorpus.ts'
import { isRecord } from '../../catalog/formats/json.ts'
import { someOf } from '../../formatting/lists.ts'

const dataFormats = '.txt, .jsonl, .jsonl.gz, .parquet or .safetensors'

/** The ending of a file's name, which decides how text is read: the same bytes under another ending are other documents. */
export function endingOf(path: string): string {
  return /\.\w+(\.gz)?$/.exec(path)?.[0] ?? ''
}

/** `field`: the text's key or column; default 'text'. @throws EngineError 'not-found' or 'bad-data'. */
export async function openCorpus(path: string, field = 'text'): Promise<Corpus> {
  await (await openRegular(path, 'bad-data')).close()
  if (path.endsWith('.txt')) return textCorpus(path)
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(path)) return jsonlCorpus(path, field)
  if (path.endsWith('.parquet')) return parquetCorpus(path, field)
  throw new EngineError('bad-data', `${path} has an unknown format; give a ${dataFormats} file`)
}

/** A row with all its columns; nested columns are lists and maps. */
interface DataRow {
  readonly row: Readonly<Record<string, unknown>>
  /** File and line, for error messages. */
  readonly where: string
}

/**
 * Rows of .jsonl(.gz) or .parquet in order. `columns` lists the required columns, each with all names that it may have. `whole`: with the
 * other columns of a .parquet file too; a line of .jsonl is whole anyway.
 * @throws EngineError 'bad-data' that names the columns wanted and found, or 'not-found'.
 */
export async function* readRows(
  path: string,
  columns: readonly (readonly string[])[],
  signal?: AbortSignal,
  whole = false,
): AsyncGenerator<DataRow> {
  await (await openRegular(path, 'bad-data')).close()
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(path)) {
    for await (const { row, where } of jsonlRows(path, signal)) {
      requireColumns(columns, Object.keys(row), where)
      yield { row, where }
    }
  } else if (path.endsWith('.parquet')) {
    const check = (found: readonly string[]) => requireColumns(columns, found, path)
    for await (const { row, where } of parquetRows(path, whole ? null : columns.flat(), check, signal))
      yield { row: plainNumbers(row) as DataRow['row'], where }
  } else throw new EngineError('bad-data', `${path} has no rows; give a .jsonl, .jsonl.gz or .parquet file`)
}

function requireColumns(columns: readonly (readonly string[])[], found: readonly string[], where: string): void {
  const missing = columns.find((names) => !names.some((name) => found.includes(name)))
  if (!missing) return
  const wanted = someOf(columns.map((names) => names.join(' or ')))
  const has = found.length > 0 ? `it has ${someOf(found)}` : 'it has none'
  throw new EngineError(
    'bad-data',
    `${where} has no column "${missing.join('" or "')}": the required columns are ${wanted}; ${has}`,
  )
}

/** Turns Parquet's 64-bit integers, which are read as bigint, into numbers. Labels are small enough for this. */
function plainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plainNumbers)
  // Dates and bytes are objects too.
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plainNumbers(v)]))
}
