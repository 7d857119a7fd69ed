import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { EngineError } from '../../../src/engine/errors.ts'
import { overlapping, placementText } from '../../../src/engine/evaluate/evaluationWindows.ts'
import { dataFacts } from '../../../src/engine/facts/dataFacts.ts'
import { mixedWindows } from '../../../src/engine/run/open/runData.ts'
import type { ChatMessage } from '../../../src/engine/text/chatTemplate.ts'
import { encodedChats, openConversations } from '../../../src/engine/text/conversations.ts'
import { openTokenizer, type Tokenizer } from '../../../src/engine/text/tokenizer.ts'
import { loadWindows, type WindowsRequest } from '../../../src/engine/text/windows.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/chat/${name}`, import.meta.url))
const golden = JSON.parse(fixture('goldens.json').toString()) as {
  conversations: ChatMessage[][]
  smollm2: { ids: number[] }[]
  generation: { ids: number[]; mask: number[] }[]
}
const lines = (conversations: readonly unknown[]) =>
  conversations.map((messages) => JSON.stringify({ messages })).join('\n')
const ignored = -100

describe('windows of conversations', () => {
  let temp: Scratch
  beforeEach(() => {
    temp = scratch()
    temp.write('model/tokenizer.json', fixture('tokenizer.json'))
    template('smollm2')
  })
  const template = (name: string) => temp.write('model/chat_template.jinja', fixture(`${name}.jinja`))
  const load = (name: string, data: string | Uint8Array, request: Partial<WindowsRequest> = {}) =>
    loadWindows({
      path: temp.write(name, data),
      purpose: 'evaluate',
      folder: temp.path('model'),
      seqLen: 8,
      ...request,
    })
  const refused = (promise: Promise<unknown>, ...messages: RegExp[]) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof EngineError, String(error))
      assert.equal(error.code, 'bad-data')
      for (const message of messages) assert.match(error.message, message)
      return true
    })
  const rowsOf = (values: Int32Array, seqLen: number) =>
    Array.from({ length: values.length / seqLen }, (_, w) => [...values.subarray(w * seqLen, (w + 1) * seqLen)])

  it('for evaluation are the ids of transformers, one conversation after another', async () => {
    const { ids, labels, mask } = await load('a.jsonl', lines(golden.conversations))
    const all = golden.smollm2.flatMap((row) => row.ids)
    assert.deepEqual([...ids], all.slice(0, ids.length))
    assert.ok(all.length - ids.length < 8)
    assert.deepEqual([labels, mask], [null, null])
  })

  it('count under loss_on the tokens that transformers’ return_assistant_tokens_mask counts', async () => {
    template('generation')
    const { ids, labels } = await load('a.jsonl', lines(golden.conversations), { lossOn: 'assistant' })
    const all = golden.generation.flatMap((row) => row.ids.map((id, i) => (row.mask[i] === 1 ? id : ignored)))
    assert.deepEqual([...(labels ?? [])], all.slice(0, ids.length))
  })

  it('count under loss_on what the assistant says, where the template has no marks', async () => {
    const tokenizer = await openTokenizer(temp.path('model'))
    try {
      const answers = await answersIn(tokenizer, temp.write('a.jsonl', lines([golden.conversations[5]])))
      assert.deepEqual(answers, ['Hello! How can I help?', '4'])
    } finally {
      await tokenizer.close()
    }
  })

  /** The text that counts, in runs, without its special tokens and blanks around. */
  async function answersIn(tokenizer: Tokenizer, path: string): Promise<string[]> {
    const chats = await openConversations(path, undefined)
    assert.ok(chats)
    const answers: string[] = []
    for await (const { ids, counts } of encodedChats(chats, tokenizer, { lossOn: 'assistant' })) {
      const runs = Array.from(ids, (id, i) => (counts?.[i] === 1 ? id : null))
      for (let at = 0; at < runs.length; at++) {
        const run: number[] = []
        for (let id = runs[at]; id != null; id = runs[++at]) run.push(id)
        if (run.length > 0) answers.push((await tokenizer.decode(run)).trim())
      }
    }
    return answers
  }

  for (const model of ['SMOLLM2', 'QWEN'])
    it(`count with the tokenizer of ${model} what the assistant says`, async function () {
      const folder = process.env[model]
      if (!folder) return cannot(this, `no real model: set ${model} to its folder`)
      const tokenizer = await openTokenizer(folder)
      try {
        const answers = await answersIn(tokenizer, temp.write('a.jsonl', lines([golden.conversations[5]])))
        assert.deepEqual(answers, ['Hello! How can I help?', '4'])
      } finally {
        await tokenizer.close()
      }
    })

  it('for retraining are a conversation a row, cut or padded; those without an answer in it are left out', async () => {
    template('generation')
    const { ids, labels, mask, windows } = await load('a.jsonl', lines(golden.conversations), {
      purpose: 'retrain',
      seqLen: 40,
      lossOn: 'assistant',
    })
    const wanted = golden.generation
      .map(({ ids, mask }) => ({ ids: ids.slice(0, 40), mask: mask.slice(0, 40) }))
      .filter(({ mask }) => mask.includes(1))
    assert.equal(windows, wanted.length)
    for (const [w, row] of wanted.entries()) {
      const padding = Array.from({ length: 40 - row.ids.length }, () => 0)
      assert.deepEqual(rowsOf(ids, 40)[w], [...row.ids, ...padding])
      assert.deepEqual(rowsOf(mask ?? ids, 40)[w], [...row.ids.map(() => 1), ...padding])
      const counted = row.ids.map((id, i) => (row.mask[i] === 1 ? id : ignored))
      assert.deepEqual(rowsOf(labels ?? ids, 40)[w], [...counted, ...padding.map(() => ignored)])
    }
  })

  it('for calibration begin with a conversation each, in an order by the seed, without repeats', async () => {
    const texts = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff'].map((content) => [{ role: 'user', content }])
    temp.write('model/chat_template.jinja', '{{ messages[0].content }}')
    const draw = async (seed: number) => {
      const { ids } = await load('a.jsonl', lines(texts), { purpose: 'calibration', samples: 2, seqLen: 10, seed })
      const tokenizer = await openTokenizer(temp.path('model'))
      const rows = await Promise.all(rowsOf(ids, 10).map((row) => tokenizer.decode(row)))
      await tokenizer.close()
      return rows
    }
    const rows = await draw(0)
    for (const row of rows) assert.match(row, /^(\w)\1{3}(\w)\2{3}(\w)\3$/)
    assert.equal(new Set(rows.join('')).size, 6)
    assert.deepEqual(await draw(0), rows)
    assert.notDeepEqual(await draw(1), rows)
    await refused(
      load('a.jsonl', lines(texts), { purpose: 'calibration', samples: 3, seqLen: 10 }),
      /its 6 conversations fill 2 windows of 10 tokens, 3 are needed/,
    )
  })

  it('of a parquet file are those of the same lines', async () => {
    const picked = [1, 3, 5, 9].map((i) => golden.conversations[i])
    const table = await load('a.parquet', fixture('chats.parquet'))
    assert.deepEqual(table.ids, (await load('a.jsonl', lines(picked))).ids)
    template('qwen2.5')
    const named = await load('b.parquet', fixture('chats.parquet'), { field: 'messages' })
    const { ids } = await load('b.jsonl', lines(picked))
    // Keys that a message does not have are null in a table, and left out.
    assert.deepEqual(named.ids.subarray(0, 200), ids.subarray(0, 200))
  })

  it('keep their labels in windows that overlap, and beside those of other files', async () => {
    template('generation')
    const set = await load('a.jsonl', lines(golden.conversations), { lossOn: 'assistant', samples: 20 })
    const { labels } = overlapping(set, 4, 'a.jsonl')
    const counted = (values: Int32Array | null) => [...(values ?? [])].filter((label) => label !== ignored)
    assert.deepEqual(counted(labels), counted(set.labels))
    const text = placementText({ seq_len: 8, stride: 4, loss_on: 'assistant' })
    assert.match(text, /mean next-token loss of the assistant's tokens that no window before has$/)
    assert.match(placementText({ loss_on: 'assistant' }), /exp of the mean next-token loss of the assistant's tokens$/)
    const request = { purpose: 'retrain', seqLen: 40, lossOn: 'assistant' } as const
    const own = await load('a.jsonl', lines(golden.conversations), { ...request, samples: 2 })
    temp.write('b.jsonl', lines(golden.conversations.slice(2)))
    const mixed = await mixedWindows(
      [temp.path('a.jsonl'), temp.path('b.jsonl')],
      { samples: 4, seqLen: 40 },
      (path, samples) => loadWindows({ path, folder: temp.path('model'), samples, ...request }),
    )
    assert.deepEqual(rowsOf(mixed.labels ?? mixed.ids, 40)[0], rowsOf(own.labels ?? own.ids, 40)[0])
    assert.deepEqual(rowsOf(mixed.labels ?? mixed.ids, 40)[2], rowsOf(own.labels ?? own.ids, 40)[1])
  })

  it('are text where a row has that too, and what `field` says', async () => {
    const both = JSON.stringify({ text: 'abcdefgh', messages: golden.conversations[0] })
    temp.write('model/chat_template.jinja', '{{ messages[0].content * 3 }}')
    assert.equal((await load('a.jsonl', both)).windows, 1)
    await refused(load('a.jsonl', both, { field: 'messages' }), /a\.jsonl, line 1: the chat template/)
    const facts = await dataFacts(temp.write('c.jsonl', both))
    assert.deepEqual([facts.fields, facts.chats], [['text', 'messages'], ['messages']])
    const table = await dataFacts(temp.write('c.parquet', fixture('chats.parquet')))
    assert.deepEqual([table.fields?.includes('messages'), table.chats], [true, ['messages']])
  })

  it('need a chat template, and say where it should be', async () => {
    temp.write('bare/tokenizer.json', fixture('tokenizer.json'))
    await refused(
      load('a.jsonl', lines(golden.conversations), { folder: temp.path('bare') }),
      /a\.jsonl, line 1 is a conversation, but the model .*bare has no chat template/,
      /chat_template\.jinja, or chat_template in tokenizer_config\.json/,
      /copy it from the instruct model .* or give plain text/,
    )
  })

  for (const [what, row] of [
    ['no list', '"x"'],
    ['an empty list', '[]'],
    ['a message without a role', '[{"content": "x"}]'],
    ['a message that is none', '[3]'],
  ])
    it(`are refused with their place where there is ${what}`, () =>
      refused(
        load('a.jsonl', `${lines(golden.conversations.slice(0, 1))}\n{"messages": ${row}}`),
        /line 2: "messages" is not a conversation; write a list of/,
      ))

  it('are required by loss_on, which refuses text and ids', async () => {
    const request = { lossOn: 'assistant' } as const
    await refused(load('a.jsonl', '{"text": "abc"}', request), /no conversations in "messages".*leave loss_on out/)
    await refused(load('a.txt', 'abc', request), /no conversations/)
    await refused(load('a.safetensors', 'abc', request), /no conversations/)
    const user = lines([[{ role: 'user', content: 'A question without an answer' }]])
    await refused(load('b.jsonl', user, request), /the windows contain no text of the assistant/)
    await refused(
      load('b.jsonl', user, { ...request, purpose: 'retrain' }),
      /0 conversations with an answer in their first 8 tokens/,
    )
  })
})
