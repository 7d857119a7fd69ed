import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Corpus } from '../../../src/engine/text/corpus.ts'
import { openCorpus } from '../../../src/engine/text/dataFile.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { parquetOfTexts } from '../../support/parquet.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

/** Two compressions and row-group sizes of the same five rows, written by pyarrow. */
const parquet = (name: string) => fileURLToPath(new URL(`../../fixtures/text/${name}.parquet`, import.meta.url))
const rows = ['abc', 'héllo 漢字', '', 'the end', 'last']

async function texts(corpus: Corpus, wanted?: number[]): Promise<[number, string][]> {
  const list: [number, string][] = []
  for await (const { index, text } of corpus.documents(wanted && new Set(wanted))) list.push([index, text])
  return list
}

describe('openCorpus', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  const lines = rows.map((text) => JSON.stringify({ text, id: 1 })).join('\n')
  const files: [what: string, path: () => string][] = [
    ['.jsonl', () => temp.write('x.jsonl', lines)],
    ['.jsonl that ends with a line break', () => temp.write('x.jsonl', `${lines}\n`)],
    ['.jsonl of Windows', () => temp.write('x.jsonl', lines.replaceAll('\n', '\r\n'))],
    ['.jsonl.gz', () => temp.write('x.jsonl.gz', gzipSync(lines))],
    ['.parquet with snappy', () => parquet('snappy')],
    ['.parquet with zstd', () => parquet('zstd')],
  ]
  it('reads a .txt of Windows or of an old Mac as Python does, wherever its pieces end', async () => {
    const text = `a\n\nb\n${'x'.repeat(3)}\n`.repeat(30_000)
    for (const end of ['\r\n', '\r']) {
      const corpus = await openCorpus(temp.write('w.txt', text.replaceAll('\n', end)))
      assert.deepEqual(await texts(corpus), [[0, text]])
    }
  })

  for (const [what, path] of files) {
    it(`counts, lists and picks the documents of a ${what}`, async () => {
      const corpus = await openCorpus(path())
      assert.equal(await corpus.count(), 5)
      assert.deepEqual(
        await texts(corpus),
        rows.map((text, i) => [i, text]),
      )
      assert.deepEqual(await texts(corpus, [4, 1]), [
        [1, rows[1]],
        [4, rows[4]],
      ])
    })
  }

  it('unpacks a large row group in a thread, to the same rows, and stops on a signal', async () => {
    const long = Array.from({ length: 600 }, (_, i) => `${i} ${'é漢 '.repeat(3000)}`)
    const corpus = await openCorpus(temp.write('x.parquet', parquetOfTexts('text', long)))
    assert.equal(await corpus.count(), 600)
    const all = Array.from(long, (text, i): [number, string] => [i, text])
    assert.deepEqual(await texts(corpus), all)
    assert.deepEqual(await texts(corpus, [599, 3]), [all[3], all[599]])
    const abort = new AbortController()
    const reading = async () => {
      for await (const _ of corpus.documents(undefined, abort.signal)) abort.abort()
    }
    await assert.rejects(reading(), { code: 'cancelled' })
  })

  it('reads lines longer than the chunks of the stream', async () => {
    const long = 'x'.repeat(3_000_000)
    const corpus = await openCorpus(
      temp.write('x.jsonl', [long, 'y', long].map((text) => JSON.stringify({ text })).join('\n')),
    )
    assert.deepEqual(
      (await texts(corpus)).map(([, text]) => text.length),
      [3_000_000, 1, 3_000_000],
    )
  })

  it('gives all documents as one text, an empty line between them, whatever the format', async () => {
    for (const path of [temp.write('x.jsonl', lines), parquet('snappy'), temp.write('x.txt', rows.join('\n\n'))]) {
      const pieces: string[] = []
      for await (const piece of (await openCorpus(path)).pieces()) pieces.push(piece)
      assert.equal(pieces.join(''), rows.join('\n\n'))
    }
  })

  it('stops at a line that unfolds without an end', async () => {
    const bomb = temp.write('bomb.jsonl.gz', gzipSync(Buffer.alloc(200 * 2 ** 20, 0x61), { level: 1 }))
    const before = process.memoryUsage().rss
    await assert.rejects((await openCorpus(bomb)).count(), { code: 'bad-data', message: /a line of more than/ })
    assert.ok(process.memoryUsage().rss - before < 400e6)
  })

  it('can be stopped within a file of empty lines', async () => {
    const path = temp.write('x.jsonl', '\n'.repeat(5_000_000))
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    await assert.rejects((await openCorpus(path)).count(abort.signal), { code: 'cancelled' })
  })

  it('takes the field that is asked for', async () => {
    const path = temp.write('x.jsonl', '{"body": "a", "text": "b"}')
    assert.deepEqual(await texts(await openCorpus(path, 'body')), [[0, 'a']])
  })

  it('names the fields that are text when the one asked for is not', async () => {
    const mixed = temp.write('x.jsonl', '{"text": 5, "title": "b"}')
    await assert.rejects(texts(await openCorpus(mixed)), { code: 'bad-data', message: /field among: title$/ })
    const none = temp.write('y.jsonl', '{"text": 5}')
    await assert.rejects(texts(await openCorpus(none)), { code: 'bad-data', message: /line 1.*fix or remove/ })
  })

  it('names the columns of a parquet file that has not the field', async () => {
    const corpus = await openCorpus(parquet('snappy'), 'content')
    await assert.rejects(
      texts(corpus),
      (e) => e instanceof EngineError && /no column "content".*id, text/.test(e.message),
    )
  })

  it('refuses a parquet column that is no text, with the row', async () => {
    await assert.rejects(texts(await openCorpus(parquet('snappy'), 'id')), /row 1 has no text in "id"/)
  })
})
