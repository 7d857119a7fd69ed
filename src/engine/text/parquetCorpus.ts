// A .parquet file has a document a row, in a column of strings.
import { someOf } from '../../formatting/lists.ts'
import { breathe } from '../breathe.ts'
import { EngineError } from '../errors.ts'
import { type Corpus, joined } from './corpus.ts'
import { openParquet, type ParquetFile } from './parquetFile.ts'

export function parquetCorpus(path: string, field: string): Corpus {
  async function* documents(wanted?: ReadonlySet<number>, signal?: AbortSignal) {
    const file = await openColumn(path, field)
    try {
      for (const group of file.groups([field])) {
        await breathe(signal)
        const { rowStart, rowEnd } = group
        if (wanted && ![...wanted].some((row) => row >= rowStart && row < rowEnd)) continue
        let index = rowStart
        for await (const row of file.rows([field], group, signal)) {
          if (!wanted || wanted.has(index)) yield { index, text: textOf(row, rowOf(path, index), field) }
          index++
        }
      }
    } finally {
      await file.close()
    }
  }
  return {
    path,
    async count() {
      const file = await openColumn(path, field)
      try {
        return file.groups([field]).at(-1)?.rowEnd ?? 0
      } finally {
        await file.close()
      }
    },
    documents,
    pieces: (signal) => joined(documents(undefined, signal)),
  }
}

/** Every row, of those columns that the file has, with its place. @throws EngineError 'bad-data'. */
export async function* parquetRows(
  path: string,
  columns: readonly string[],
  check: (found: readonly string[]) => void,
  signal?: AbortSignal,
): AsyncGenerator<{ row: Record<string, unknown>; where: string }> {
  const file = await openParquet(path)
  try {
    check(file.columns)
    const present = columns.filter((name) => file.columns.includes(name))
    for (const group of file.groups(present)) {
      await breathe(signal)
      let index = group.rowStart
      for await (const row of file.rows(present, group, signal)) yield { row, where: rowOf(path, index++) }
    }
  } finally {
    await file.close()
  }
}

async function openColumn(path: string, field: string): Promise<ParquetFile> {
  const file = await openParquet(path)
  if (file.columns.includes(field)) return file
  await file.close()
  throw new EngineError('bad-data', `${path} has no column "${field}"; choose the field among: ${someOf(file.columns)}`)
}

function rowOf(path: string, index: number): string {
  return `${path}, row ${index + 1}`
}

function textOf(row: Record<string, unknown>, where: string, field: string): string {
  const text = row[field]
  if (typeof text === 'string') return text
  throw new EngineError('bad-data', `${where} has no text in "${field}"; choose a column of strings`)
}
