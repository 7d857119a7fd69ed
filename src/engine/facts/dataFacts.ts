// Facts about a data file for lint: its fields, and the size of its contents where that is quick to find.
import { stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { parquetMetadataAsync, parquetSchema, type SchemaTree } from 'hyparquet'
import type { DataFacts } from '../../recipe/facts.ts'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { openRanges } from '../checkpoint/filePool.ts'
import { openRegular, readRegular, networkPathProblem } from '../checkpoint/regularFile.ts'
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'

/** Files up to this size are read whole to count their documents. */
const maxCountedBytes = 8 * 2 ** 20
const headBytes = 256 * 2 ** 10
/** Most bytes of a table's footer: names of columns and places of row groups. */
const maxFooterBytes = 64 * 2 ** 20
const maxRemembered = 64

const remembered = new Map<string, { stamp: string; facts: DataFacts }>()

const nothing: DataFacts = {
  exists: false,
  bytes: 0,
  kind: 'unknown',
  fields: null,
  shapes: new Map(),
  documents: null,
  longestDocument: null,
  problem: null,
}

/** Facts of a file on another machine's share, which must not be opened. */
export const dataOnShare: DataFacts = { ...nothing, exists: true, isOnShare: true, problem: networkPathProblem }

/** Facts of the file at `path` (absolute). Never throws. */
export async function dataFacts(path: string): Promise<DataFacts> {
  const found = await stat(path).catch(() => null)
  if (!found) return nothing
  if (!found.isFile()) return { ...nothing, exists: true, problem: 'it is not a file' }
  const stamp = `${found.size} ${found.mtimeMs}`
  const known = remembered.get(path)
  if (known?.stamp === stamp) return known.facts
  const bare = { ...nothing, exists: true, bytes: found.size }
  const facts = await look(path, bare).catch((error: unknown) => ({
    ...bare,
    problem: (error instanceof Error ? error.message : String(error)).replace(/\.$/, ''),
  }))
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(path, { stamp, facts })
  return facts
}

async function look(path: string, bare: DataFacts): Promise<DataFacts> {
  if (bare.bytes === 0) return { ...bare, problem: 'the file is empty' }
  if (path.endsWith('.txt')) return { ...bare, kind: 'text', documents: 1, longestDocument: bare.bytes }
  if (/\.(?:jsonl|ndjson)$/.test(path)) return lookAtLines(path, bare)
  if (/\.(?:jsonl|ndjson)\.gz$/.test(path)) return { ...bare, kind: 'lines', ...fieldsOfLine(await head(path)) }
  if (path.endsWith('.parquet')) return lookAtTable(path, bare)
  if (path.endsWith('.safetensors')) return lookAtIds(path, bare)
  return { ...bare, problem: 'its format is unknown; give a .txt, .jsonl, .jsonl.gz, .parquet or .safetensors file' }
}

async function lookAtLines(path: string, bare: DataFacts): Promise<DataFacts> {
  if (bare.bytes > maxCountedBytes) return { ...bare, kind: 'lines', ...fieldsOfLine(await head(path)) }
  const text = (await readRegular(path, maxCountedBytes, 'bad-data')).toString('utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const found = fieldsOfLine(text)
  const longestDocument = lines.reduce((most, line) => Math.max(most, Buffer.byteLength(line)), 0)
  return { ...bare, kind: 'lines', ...found, documents: lines.length, longestDocument }
}

/** The beginning of a file, decompressed only up to `headBytes`, so that a decompression bomb cannot fill the memory. */
async function head(path: string): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  const handle = await openRegular(path, 'bad-data')
  const file = handle.createReadStream()
  const unzipped = path.endsWith('.gz') ? createGunzip() : null
  const stream = unzipped ? file.on('error', (error) => unzipped.destroy(error)).pipe(unzipped) : file
  try {
    for await (const part of stream) {
      parts.push(part as Buffer)
      bytes += (part as Buffer).length
      if (bytes >= headBytes) break
    }
  } finally {
    // Closes the handle too.
    file.destroy()
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Keys of the first line that hold text or a conversation; none if `text` ends before the first line does. */
function fieldsOfLine(text: string): Pick<DataFacts, 'fields' | 'chats' | 'columns' | 'problem'> {
  const line = text.split('\n').find((l) => l.trim() !== '') ?? ''
  try {
    const value = JSON.parse(line) as unknown
    if (!isRecord(value)) {
      return { fields: null, problem: 'its first line is not a JSON object' }
    }
    const keysWith = (is: (item: unknown) => boolean) =>
      Object.entries(value).flatMap(([key, item]) => (is(item) ? [key] : []))
    const chats = keysWith((item) => Array.isArray(item) && typeof fieldsOf(item[0]).role === 'string')
    const fields = [...keysWith((item) => typeof item === 'string'), ...chats]
    return { fields, ...(chats.length > 0 && { chats }), columns: Object.keys(value), problem: null }
  } catch {
    const whole = text.includes('\n')
    return { fields: null, problem: whole ? 'its first line is not JSON' : null }
  }
}

async function lookAtTable(path: string, bare: DataFacts): Promise<DataFacts> {
  const { file, close } = await openRanges(path, maxFooterBytes)
  try {
    const metadata = await parquetMetadataAsync(file)
    const text = metadata.schema.filter((s) => s.type === 'BYTE_ARRAY').map((s) => s.name)
    const { children } = parquetSchema(metadata)
    const columns = children.map(({ element }) => element.name)
    // A chat is a list of maps. Writers give different names to the levels between, so they are ignored.
    const leaves = (column: SchemaTree): string[] => [column.element.name, ...column.children.flatMap(leaves)]
    const isChat = (column: SchemaTree) => ['role', 'content'].every((key) => leaves(column).slice(1).includes(key))
    const chats = children.filter(isChat).map(({ element }) => element.name)
    const fields = [...text, ...chats]
    const rows = Number(metadata.num_rows)
    return { ...bare, kind: 'table', fields, ...(chats.length > 0 && { chats }), columns, documents: rows }
  } finally {
    await close()
  }
}

async function lookAtIds(path: string, bare: DataFacts): Promise<DataFacts> {
  const file = await openCheckpoint(path)
  await file.close()
  const integer = [...file.tensors.values()].filter((t) => t.dtype === 'I32' || t.dtype === 'I64')
  return {
    ...bare,
    kind: 'ids',
    fields: integer.map((t) => t.name),
    shapes: new Map(integer.map((t) => [t.name, t.shape])),
  }
}
