import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { dataFacts } from '../../../src/engine/facts/dataFacts.ts'
import { openCorpus } from '../../../src/engine/text/dataFile.ts'
import { encodedChats, openConversations } from '../../../src/engine/text/conversations.ts'
import { renderChat } from '../../../src/engine/text/renderChat.ts'
import type { Tokenizer } from '../../../src/engine/text/tokenizer.ts'
import { loadWindows } from '../../../src/engine/text/windows.ts'
import { readBatchFile } from '../../../src/engine/evaluate/batchFile.ts'
import { holds, patience } from '../../support/fuzz.ts'
import { safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const parquet = (name: string) => readFileSync(new URL(`../../fixtures/text/${name}.parquet`, import.meta.url))
const lines = '{"text": "abc", "id": 1}\n\n{"text": "h\u00e9llo \\ud83d\\ude42"}\r\n{"text": ""}'
const ids = {
  dtype: 'I64',
  shape: [2, 3],
  data: new Uint8Array(BigInt64Array.from([1n, 2n, 3n, 4n, 5n, 6n]).buffer),
}

describe('documents, ids or a sentence come out of every mutant', function () {
  this.timeout(patience)
  let temp: Scratch
  before(() => (temp = scratch()))

  /** `dataFacts` remembers by size and time, so every mutant has a name of its own. */
  let count = 0
  const readAll = async (name: string, bytes: Buffer) => {
    const path = temp.write(`${count++ % 50}-${name}`, bytes)
    await dataFacts(path)
    const corpus = await openCorpus(path)
    await corpus.count()
    for await (const _ of corpus.documents(new Set([0, 2]))) continue
    for await (const _ of corpus.pieces()) continue
  }

  it('of a .jsonl file', () => holds([lines], (bytes) => readAll('x.jsonl', bytes)))
  it('of a .jsonl.gz file', () => holds([gzipSync(lines)], (bytes) => readAll('x.jsonl.gz', bytes)))
  it('of a .txt file', () => holds(['h\u00e9llo\n\u6f22'], (bytes) => readAll('x.txt', bytes), 100))
  it('of a .parquet file', () => holds([parquet('snappy'), parquet('zstd')], (bytes) => readAll('x.parquet', bytes)))
  it('of conversations', async () => {
    const chat =
      '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "n": {"b": [1]}}]}'
    const table = readFileSync(new URL('../../fixtures/chat/chats.parquet', import.meta.url))
    const nothing = { begin: null, end: null }
    const tokenizer: Tokenizer = {
      ...{ decode: async () => '', marks: nothing, close: async () => undefined },
      chat: async () => ({ text: '', parts: [] }),
      encode: async () => new Int32Array(1),
    }
    const readChats = async (name: string, bytes: Buffer) => {
      const path = temp.write(`${count++ % 50}-${name}`, bytes)
      await dataFacts(path)
      const chats = await openConversations(path, undefined)
      if (chats) for await (const _ of encodedChats(chats, tokenizer, {})) continue
    }
    await holds([`${chat}\n\n${chat}`], (bytes) => readChats('x.jsonl', bytes))
    await holds([table], (bytes) => readChats('x.parquet', bytes))
  })
  it('of a chat template', async () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello!', tool_calls: [{ name: 'f', arguments: { a: 1 } }] },
    ]
    const seeds = ['qwen2.5', 'mistral', 'generation'].map((name) =>
      readFileSync(new URL(`../../fixtures/chat/${name}.jinja`, import.meta.url)),
    )
    await holds(seeds, (bytes) => {
      const template = { path: 'chat_template.jinja', text: bytes.toString('utf8'), tokens: { bos_token: '<s>' } }
      renderChat({ template, messages, where: 'a.jsonl, line 1', reply: false, parts: bytes.length % 2 === 0 })
    })
  })
  it('of a file of ids', () =>
    holds([safetensors({ ids })], async (bytes) => {
      const path = temp.write('ids.safetensors', bytes)
      await dataFacts(path)
      await readBatchFile(path, {})
      await loadWindows({ path, purpose: 'evaluate', folder: temp.folder, vocabSize: 10 })
    }))
})
