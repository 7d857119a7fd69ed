import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { EngineError } from '../../../src/engine/errors.ts'
import { loadWindows, type WindowsRequest } from '../../../src/engine/text/windows.ts'
import { byteTokenizer, plainIds } from '../../support/byteTokenizer.ts'
import { safetensors, type TestTensor } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { sharedPath } from '../../support/shared.ts'
import { cannot } from '../../support/skip.ts'

const i32 = (shape: number[], ids: number[]): TestTensor => ({
  dtype: 'I32',
  shape,
  data: new Uint8Array(Int32Array.from(ids).buffer),
})
const i64 = (shape: number[], ids: number[]): TestTensor => ({
  dtype: 'I64',
  shape,
  data: new Uint8Array(BigInt64Array.from(ids.map(BigInt)).buffer),
})
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('loadWindows', () => {
  let temp: Scratch
  beforeEach(() => {
    temp = scratch()
    temp.write('model/tokenizer.json', JSON.stringify(byteTokenizer()))
  })

  const load = (name: string, data: string | Uint8Array, request: Partial<WindowsRequest>) =>
    loadWindows({ path: temp.write(name, data), purpose: 'evaluate', folder: temp.path('model'), ...request })
  const refused = (promise: Promise<unknown>, message: RegExp, code = 'bad-data') =>
    assert.rejects(promise, (e) => {
      assert.ok(e instanceof EngineError, String(e))
      assert.equal(e.code, code)
      assert.match(e.message, message)
      return true
    })

  describe('ids', () => {
    const rows = (tensors: Record<string, TestTensor>, request: Partial<WindowsRequest> = {}) =>
      load('ids.safetensors', safetensors(tensors), { folder: temp.path('none'), ...request })

    it('of two dimensions are used as they are, in file order, without a tokenizer', async () => {
      for (const make of [i32, i64]) {
        const all = await rows({ ids: make([3, 4], upTo(12)) })
        assert.deepEqual([...all.ids], upTo(12))
        assert.deepEqual([all.windows, all.seqLen, all.mask, all.labels], [3, 4, null, null])
        const part = await rows(
          { ids: make([3, 4], upTo(12)) },
          { samples: 2, seqLen: 3, purpose: 'calibration', seed: 9 },
        )
        assert.deepEqual([...part.ids], [0, 1, 2, 4, 5, 6])
      }
    })
    it('of one dimension are a stream whose tail is dropped', async () => {
      const { ids, windows } = await rows({ ids: i32([11], upTo(11)) }, { seqLen: 4 })
      assert.deepEqual([...ids], upTo(8))
      assert.equal(windows, 2)
      assert.equal((await rows({ ids: i32([11], upTo(11)) }, { seqLen: 4, samples: 1 })).windows, 1)
    })
    it('are found by field, or when they are the only integer tensor', async () => {
      const tensors = { a: i32([1, 2], [1, 2]), b: i64([1, 2], [3, 4]) }
      assert.deepEqual([...(await rows(tensors, { field: 'b' })).ids], [3, 4])
      await refused(rows(tensors), /several integer tensors.*a, b/)
      await refused(rows(tensors, { field: 'c' }), /no integer tensor "c"; it has: a, b/)
      const float = { x: { dtype: 'F32', shape: [1], data: new Uint8Array(4) } }
      await refused(rows(float), /no integer tensor/)
      assert.equal((await rows({ ...float, a: i32([1, 2], [1, 2]) })).windows, 1)
    })
    it('too few are refused with the numbers', async () => {
      await refused(rows({ ids: i32([3, 4], upTo(12)) }, { samples: 4 }), /3 rows, 4 are needed/)
      await refused(rows({ ids: i32([3, 4], upTo(12)) }, { seqLen: 5 }), /rows of 4 ids, 5 a row/)
      await refused(rows({ ids: i32([3], upTo(3)) }, { seqLen: 4 }), /3 tokens, 1 windows of 4/)
      await refused(rows({ ids: i32([0, 4], []) }), /0 rows/)
      for (const purpose of ['calibration', 'retrain', 'evaluate'] as const)
        await refused(rows({ ids: i32([3, 0], []) }, { purpose }), /rows of 0 ids, \d a row/)
      await refused(
        rows({ ids: i32([3, 1], upTo(3)) }, { purpose: 'retrain' }),
        /rows of 1 ids, 2 a row, one to predict/,
      )
      assert.equal((await rows({ ids: i32([3, 1], upTo(3)) }, { purpose: 'calibration' })).seqLen, 1)
    })
    it('outside the vocabulary are refused', async () => {
      await refused(rows({ ids: i32([1, 3], [0, 9, 10]) }, { vocabSize: 10 }), /id 10 at position 2.*0 to 9/)
      await refused(rows({ ids: i32([1, 2], [0, -1]) }, { vocabSize: 10 }), /id -1/)
      await refused(rows({ ids: i64([1, 1], [2 ** 40]) }), /which is not a token id/)
    })
    it('of other ranks are refused', () => refused(rows({ ids: i32([1, 1, 2], [1, 2]) }), /shape \[1, 1, 2\]/))
  })

  describe('text for evaluation', () => {
    it('is one stream, tokenised once, whose tail is dropped', async () => {
      const { ids, windows, mask } = await load('e.txt', 'abcdefgh', { seqLen: 4 })
      assert.deepEqual([...ids], plainIds('abcdefgh').slice(0, 8))
      assert.deepEqual([windows, mask], [2, null])
    })
    it('joins documents by an empty line', async () => {
      const { ids } = await load('e.jsonl', '{"text": "abc"}\n{"text": "def"}\n', { seqLen: 8 })
      assert.deepEqual([...ids], plainIds('abc\n\nde'))
    })
    it('too short is refused with the numbers', () =>
      refused(load('e.txt', 'abc', { seqLen: 9 }), /4 tokens, 1 windows of 9/))
    it('needs a length', () => refused(load('e.txt', 'abc', {}), /how long/, 'usage'))
    it('drops a byte order mark and refuses what is not UTF-8', async () => {
      assert.deepEqual([...(await load('e.txt', '\ufeffab', { seqLen: 3 })).ids], plainIds('ab'))
      await refused(load('e.txt', Uint8Array.of(0xff, 0xfe, 0x61), { seqLen: 1 }), /not UTF-8/)
    })
  })

  describe('text for retraining', () => {
    it('is a document a row, cut or padded, the padding masked and ignored', async () => {
      const lines = '{"text": "abcdef"}\n\n{"text": "xy"}\n{"text": ""}\n{"text": "z"}\n'
      const { ids, mask, labels, windows } = await load('r.jsonl', lines, { seqLen: 4, purpose: 'retrain' })
      const [a, x, z] = [plainIds('abc'), plainIds('xy'), plainIds('z')]
      // The empty document has nothing to predict.
      assert.equal(windows, 3)
      assert.deepEqual([...ids], [...a, ...x, 0, ...z, 0, 0])
      assert.deepEqual([...(mask ?? [])], [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0])
      assert.deepEqual([...(labels ?? [])], [...a, ...x, -100, ...z, -100, -100])
    })
    it('has no mask when no row is short, and takes the first samples in order', async () => {
      const lines = ['abc', 'def', 'ghi'].map((text) => JSON.stringify({ text })).join('\n')
      const { ids, mask, labels } = await load('r.jsonl.gz', gzipSync(lines), {
        seqLen: 4,
        samples: 2,
        purpose: 'retrain',
      })
      assert.deepEqual([...ids], [...plainIds('abc'), ...plainIds('def')])
      assert.deepEqual([mask, labels], [null, null])
    })
    it('too few documents are refused with the numbers', () =>
      refused(
        load('r.jsonl', '{"text": "abc"}', { seqLen: 4, samples: 2, purpose: 'retrain' }),
        /1 documents.*2 are needed/,
      ))
  })

  describe('text for calibration', () => {
    const documents = ['short', 'abcdefghijklmnop', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'tiny']
    const lines = documents.map((text) => JSON.stringify({ text })).join('\n')
    const draw = (seed: number, samples = 20, data = lines) =>
      load('c.jsonl', data, { seqLen: 8, samples, seed, purpose: 'calibration' })

    it('is windows of documents that are longer than the window', async () => {
      const { ids, windows } = await draw(1)
      const long = documents.slice(1, 3).map(plainIds)
      const starts = new Set<string>()
      for (let w = 0; w < windows; w++) {
        const window = [...ids.subarray(8 * w, 8 * w + 8)]
        const [source, at] =
          long
            .flatMap((d, i) => d.map((_, s) => [i, s]))
            .find(([i, s]) => String(long[i].slice(s, s + 8)) === String(window)) ?? []
        assert.ok(source !== undefined, String(window))
        starts.add(`${source}:${at}`)
      }
      assert.ok(starts.size > 8, 'windows are drawn, not repeated')
    })
    it('is the same for the same seed, another for another, and no shorter set depends on a longer one', async () => {
      const [a, b, c, few] = [await draw(1), await draw(1), await draw(2), await draw(1, 5)]
      assert.deepEqual(a, b)
      assert.notDeepEqual(a.ids, c.ids)
      assert.deepEqual(few.ids, a.ids.slice(0, 40))
    })
    it('takes a .txt file as one document', async () => {
      const { ids } = await load('c.txt', 'abcdefghijklmnop', {
        seqLen: 15,
        samples: 6,
        seed: 3,
        purpose: 'calibration',
      })
      const all = plainIds('abcdefghijklmnop')
      for (let w = 0; w < 6; w++) {
        const start = all.indexOf(ids[15 * w])
        assert.deepEqual([...ids.subarray(15 * w, 15 * w + 15)], all.slice(start, start + 15))
      }
    })
    it('is refused when no document is long enough, with the longest', () =>
      refused(
        draw(1, 3, '{"text": "short"}\n{"text": "lonjest"}'),
        /none of its 2 documents has more than 8 tokens, the longest has 8/,
      ))
    it('is refused without documents', () => refused(draw(1, 1, '\n\n'), /no documents/))
  })

  it('refuses numbers that count nothing, before it reads the data', async () => {
    for (const number of [0, -1, 1.5, NaN, Infinity])
      for (const name of ['samples', 'seqLen'])
        await refused(
          loadWindows({ path: 'none.txt', purpose: 'evaluate', folder: 'none', [name]: number }),
          new RegExp(`^${name} is ${number}; give a whole number above 0$`),
          'usage',
        )
  })

  describe('counts beyond all reason', () => {
    const lines = '{"text": "abcdefghijklmnop"}\n'.repeat(3)
    const calibrate = (request: Partial<WindowsRequest>) =>
      load('c.jsonl', lines, { purpose: 'calibration', samples: 1, seqLen: 4, ...request })

    it('are refused with the numbers, before anything is made for them', async () => {
      await refused(calibrate({ samples: 1e9 }), /1000000000 windows of 4 tokens are more than the \d+ tokens/)
      await refused(calibrate({ samples: 1e6, seqLen: 1e9 }), /more than the \d+ tokens/)
      await refused(calibrate({ seqLen: 1e8 }), /none of its 3 documents has more than 100000000 tokens/)
      await refused(load('r.jsonl', lines, { purpose: 'retrain', samples: 1e9, seqLen: 4 }), /3 documents/)
      await refused(load('e.jsonl', lines, { samples: 1e9, seqLen: 4 }), /tokens, 1000000000 windows of 4 are needed/)
      await refused(load('e.jsonl', lines, { seqLen: 1e9 }), /1 windows of 1000000000 are needed/)
    })

    it('of ids are accepted where few are wanted: only those are read', async () => {
      const rows = 2_000_000
      const header = Buffer.from(
        JSON.stringify({ ids: { dtype: 'I32', shape: [rows, 2048], data_offsets: [0, rows * 8192] } }),
      )
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(header.length))
      const path = temp.write('ids.safetensors', Buffer.concat([length, header]))
      truncateSync(path, 8 + header.length + rows * 8192)
      const request = { path, purpose: 'evaluate', folder: temp.path('model') } as const
      const { ids, windows } = await loadWindows({ ...request, samples: 3, seqLen: 100 })
      assert.deepEqual([ids.length, windows], [300, 3])
      await refused(loadWindows(request), /2000000 windows of 2048 tokens are more than the \d+ tokens/)
      await refused(loadWindows({ ...request, samples: 1e9 }), /2000000 rows, 1000000000 are needed/)
    })
  })

  it('stops drawing when all documents drawn are too short', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => JSON.stringify({ text: i === 2999 ? 'long enough' : 'x' }))
    const { windows } = await load('c.jsonl', many.join('\n'), { seqLen: 8, samples: 2, purpose: 'calibration' })
    assert.equal(windows, 2)
  })

  describe('files that are not as they should be', () => {
    const bad = (name: string, data: string | Uint8Array, message: RegExp, code?: string) =>
      refused(load(name, data, { seqLen: 2 }), message, code)

    it('names the line of malformed JSON', () =>
      bad('d.jsonl', '{"text": "a"}\n\n{"text": \n', /line 3 is not valid JSON/))
    it('names the existing fields', () =>
      bad('d.jsonl', '{"content": "a", "id": 1}', /line 1 has no text in "text"; choose the field among: content$/))
    it('refuses lines that are no objects', () => bad('d.jsonl', '"a"', /line 1 is not a JSON object/))
    it('keeps line separators inside strings', async () => {
      const { ids } = await load('d.jsonl', '{"text": "a\u2028b"}\r\n', { seqLen: 3 })
      assert.deepEqual([...ids].slice(0, 2), plainIds('a'))
    })
    it('refuses a cut-off gzip file', () =>
      bad('d.jsonl.gz', gzipSync('{"text": "abc"}').subarray(0, 20), /not a whole gzip file/))
    it('refuses what is no parquet', () => bad('d.parquet', 'PAR1 nonsense PAR1', /not a readable parquet/))
    it('refuses unknown formats and lists the known', () => bad('d.csv', 'a,b', /give a \.txt, \.jsonl/))
    it('refuses a path that is not there', () =>
      refused(
        loadWindows({ path: temp.path('no.txt'), seqLen: 2, purpose: 'evaluate', folder: temp.path('model') }),
        /does not exist/,
        'not-found',
      ))
  })

  it('gives a real text the ids that transformers gives it', async function () {
    const text = sharedPath('data', 'brown_eval.txt')
    const wanted = sharedPath('models', 'ids.safetensors')
    const folder = process.env.SMOLLM2
    if (!text || !wanted || !folder) return cannot(this, 'no real model: set SMOLLM2 to its folder')
    const got = await loadWindows({ path: text, seqLen: 512, samples: 64, purpose: 'evaluate', folder })
    const want = await loadWindows({ path: wanted, field: 'evaluation', purpose: 'evaluate', folder })
    assert.deepEqual(got.ids, want.ids)
  })
})
