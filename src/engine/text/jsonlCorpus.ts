// A .jsonl file has a JSON object a line; the document is one of its fields. Blank lines are no documents.
import { someOf } from '../../formatting/lists.ts'
import { breathe } from '../breathe.ts'
import { EngineError, messageOf } from '../errors.ts'
import { type Corpus, type Document, joined } from './corpus.ts'
import { decodeText, readLines } from './textCorpus.ts'
import { isRecord } from '../../catalog/formats/json.ts'

export function jsonlCorpus(path: string, field: string): Corpus {
  async function* documents(wanted?: ReadonlySet<number>, signal?: AbortSignal): AsyncGenerator<Document> {
    let index = 0
    let left = wanted?.size ?? Infinity
    for await (const { number, line } of filledLines(path, signal)) {
      if (!wanted || wanted.has(index)) {
        yield { index, text: textOf(line, lineOf(path, number), field) }
        if (--left === 0) return
      }
      index++
    }
  }
  return {
    path,
    async count(signal) {
      let count = 0
      for await (const _ of filledLines(path, signal)) count++
      return count
    },
    documents,
    pieces: (signal) => joined(documents(undefined, signal)),
  }
}

/** Every line's object with its place. @throws EngineError 'bad-data'. */
export async function* jsonlRows(path: string, signal?: AbortSignal): AsyncGenerator<{ row: Row; where: string }> {
  for await (const { number, line } of filledLines(path, signal)) {
    const where = lineOf(path, number)
    const row = parseLine(decodeText(line, where), where)
    if (!isRecord(row)) throw new EngineError('bad-data', `${where} is not a JSON object; fix or remove the line`)
    yield { row, where }
  }
}

type Row = Readonly<Record<string, unknown>>

async function* filledLines(path: string, signal?: AbortSignal): AsyncGenerator<{ number: number; line: Buffer }> {
  let number = 0
  for await (const line of readLines(path, signal)) {
    number++
    if (number % 1024 === 0) await breathe(signal)
    if (!isBlank(line)) yield { number, line }
  }
}

function lineOf(path: string, number: number): string {
  return `${path}, line ${number}`
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function textOf(line: Buffer, where: string, field: string): string {
  const value = parseLine(decodeText(line, where), where)
  if (!isRecord(value)) {
    throw new EngineError('bad-data', `${where} is not a JSON object; write one {"${field}": …} a line`)
  }
  const text = value[field]
  if (typeof text === 'string') return text
  const texts = Object.entries(value).flatMap(([key, item]) => (typeof item === 'string' ? [key] : []))
  const remedy = texts.length > 0 ? `choose the field among: ${someOf(texts)}` : 'fix or remove the line'
  throw new EngineError('bad-data', `${where} has no text in "${field}"; ${remedy}`)
}

function parseLine(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = messageOf(error)
    throw new EngineError('bad-data', `${where} is not valid JSON (${reason}); fix or remove the line`)
  }
}
