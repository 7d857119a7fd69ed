// Documents of a data file, whatever its format. Files may be larger than memory: documents are read again when
// asked for, never kept.
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import { jsonlCorpus } from './jsonlCorpus.ts'
import { parquetCorpus } from './parquetCorpus.ts'
import { textCorpus } from './textCorpus.ts'

export interface Document {
  /** Place in the file, from 0. */
  readonly index: number
  readonly text: string
}

export interface Corpus {
  readonly path: string
  /** Documents in the file, without looking into them. */
  count(signal?: AbortSignal): Promise<number>
  /** Those whose index is wanted (default: all), in the file's order. @throws EngineError 'bad-data' with its place. */
  documents(wanted?: ReadonlySet<number>, signal?: AbortSignal): AsyncGenerator<Document>
  /** All documents as one text, joined by an empty line, a piece at a time. */
  pieces(signal?: AbortSignal): AsyncGenerator<string>
}

const dataFormats = '.txt, .jsonl, .jsonl.gz, .parquet or .safetensors'

/** `field`: the text's key or column; default 'text'. @throws EngineError 'not-found' or 'bad-data'. */
export async function openCorpus(path: string, field = 'text'): Promise<Corpus> {
  await (await openRegular(path, 'bad-data')).close()
  if (path.endsWith('.txt')) return textCorpus(path)
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(path)) return jsonlCorpus(path, field)
  if (path.endsWith('.parquet')) return parquetCorpus(path, field)
  throw new EngineError('bad-data', `${path} is of no known format; give a ${dataFormats} file`)
}
