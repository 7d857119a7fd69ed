import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import type { Corpus } from './corpus.ts'
import { jsonlCorpus } from './jsonlCorpus.ts'
import { parquetCorpus } from './parquetCorpus.ts'
import { textCorpus } from './textCorpus.ts'

const dataFormats = '.txt, .jsonl, .jsonl.gz, .parquet or .safetensors'

/** What tells how a file of text is read: files of the same bytes and other endings hold other documents. */
export function endingOf(path: string): string {
  return /\.\w+(\.gz)?$/.exec(path)?.[0] ?? ''
}

/** `field`: the text's key or column; default 'text'. @throws EngineError 'not-found' or 'bad-data'. */
export async function openCorpus(path: string, field = 'text'): Promise<Corpus> {
  await (await openRegular(path, 'bad-data')).close()
  if (path.endsWith('.txt')) return textCorpus(path)
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(path)) return jsonlCorpus(path, field)
  if (path.endsWith('.parquet')) return parquetCorpus(path, field)
  throw new EngineError('bad-data', `${path} is of no known format; give a ${dataFormats} file`)
}
