// Ids to text, drawing, stop tokens, and the command.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { openTextGenerator, stopTokens, TextStream } from '../../../src/engine/generate/generateText.ts'
import { likeliest, pickToken } from '../../../src/engine/generate/generateTokens.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { openTokenizer, type Tokenizer } from '../../../src/engine/text/tokenizer.ts'
import { byteTokenizer, plainIds } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { smallLlama, smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

describe('drawing a token', () => {
  const logits = Float32Array.of(1, 3, 3, -Infinity, 2)

  it('takes the likeliest at temperature 0, of equal ones the first', () => {
    assert.equal(likeliest(logits), 1)
    for (const at of [0, 2, 4]) assert.equal(likeliest(logits.with(at, NaN)), -1)
    assert.equal(pickToken(logits.with(3, NaN), { temperature: 1, topP: 0.7 }, createRng(0)), -1)
    assert.equal(pickToken(logits, { temperature: 0, topP: 1 }, createRng(0)), 1)
  })

  it('takes each as often as the softmax says, and never an impossible one', () => {
    const rng = createRng(5)
    const counts = new Array<number>(5).fill(0)
    const draws = 20_000
    for (let i = 0; i < draws; i++) counts[pickToken(logits, { temperature: 0.7, topP: 1 }, rng)]++
    const weights = Array.from(logits, (x) => Math.exp(x / 0.7))
    const total = weights.reduce((a, b) => a + b)
    counts.forEach((count, id) => assert.ok(Math.abs(count / draws - weights[id] / total) < 0.015, `${id}: ${count}`))
    assert.equal(counts[3], 0)
  })

  it('takes only tokens of the nucleus', () => {
    const rng = createRng(1)
    const seen = new Set<number>()
    for (let i = 0; i < 500; i++) seen.add(pickToken(logits, { temperature: 1, topP: 0.7 }, rng))
    assert.deepEqual([...seen].sort(), [1, 2])
  })
})

describe('text of a model', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  it('ends at the tokens of generation_config.json, else of config.json', async () => {
    const { folder } = temp
    assert.deepEqual([...(await stopTokens(folder, {}))], [])
    assert.deepEqual([...(await stopTokens(folder, { eos_token_id: 2 }))], [2])
    temp.write('generation_config.json', '{"eos_token_id": [7, 9]}')
    assert.deepEqual([...(await stopTokens(folder, { eos_token_id: 2 }))], [7, 9])
    temp.write('generation_config.json', '{"eos_token_id": null}')
    assert.deepEqual([...(await stopTokens(folder, { eos_token_id: 2 }))], [2])
    temp.write('generation_config.json', '{')
    await assert.rejects(stopTokens(folder, {}), { code: 'bad-config' })
  })

  describe('as it comes', () => {
    let tokenizer: Tokenizer
    beforeEach(async () => {
      temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
      tokenizer = await openTokenizer(temp.folder)
    })
    afterEach(() => tokenizer.close())
    const pieces = async (text: string) => {
      const ids = await tokenizer.encode(text, { special: false })
      const stream = await TextStream.after(tokenizer, Int32Array.from(plainIds('x')))
      const said: string[] = []
      for (const id of ids) said.push(await stream.add(id))
      return [...said, await stream.end()]
    }

    it('is whole characters only, and all of a long text', async () => {
      assert.deepEqual(await pieces('aé!'), ['a', '', 'é', '!', ''])
      const long = ' the inner é 漢字 '.repeat(40)
      assert.equal((await pieces(long)).join(''), long)
    })

    it('has half a character of its end at the end', async () => {
      const ids = (await tokenizer.encode('é', { special: false })).slice(0, 1)
      const stream = await TextStream.after(tokenizer, new Int32Array(0))
      assert.equal(await stream.add(ids[0]), '')
      assert.equal(await stream.end(), '\ufffd')
    })
  })

  it('is the same on the command line, streamed and as JSON', async () => {
    await writeTinyModel(temp.folder, { ...smallOpt, vocab_size: 264 })
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const args = ['generate', temp.folder, '--prompt', 'in the end', '--max-tokens', '9', '--device', 'cpu']
    const json = await cliJson(...args)
    const tokens = json.tokens as number[]
    assert.equal(tokens.length, 9)
    assert.ok(Number(json.tokens_per_second) > 0)
    const plain = await cli(...args)
    assert.equal(plain.status, 0, plain.stderr)
    assert.match(plain.stderr, /9 tokens, .* a second/)
    assert.deepEqual(
      (await cliJson(...args, '--temperature', '3', '--seed', '4')).tokens,
      (await cliJson(...args, '--temperature', '3', '--seed', '4')).tokens,
    )
    temp.write('generation_config.json', JSON.stringify({ eos_token_id: [tokens[2]] }))
    assert.deepEqual((await cliJson(...args)).tokens, tokens.slice(0, tokens.indexOf(tokens[2]) + 1))
  })

  it('answers a message through the chat template with --chat', async () => {
    await writeTinyModel(temp.folder, { ...smallOpt, vocab_size: 264 })
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const args = ['generate', temp.folder, '--prompt', 'in the end', '--max-tokens', '3', '--device', 'cpu']
    const refused = await cli(...args, '--chat')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /with --chat the prompt is a conversation, but the model .* has no chat template/)
    const config = { bos_token: '<s>', chat_template: "{{ bos_token + '!' + messages[0].content + '?' }}" }
    temp.write('tokenizer_config.json', JSON.stringify(config))
    const chat = await cliJson(...args, '--chat')
    // The template has written <s> itself; the tokenizer adds it to a plain text.
    const plain = await cliJson(...args.with(3, '!in the end?'))
    assert.deepEqual([chat.tokens, chat.prompt_tokens], [plain.tokens, plain.prompt_tokens])
    assert.notDeepEqual(chat.prompt_tokens, (await cliJson(...args)).prompt_tokens)
  })

  it('stays as written when the next token fails', async () => {
    await writeTinyModel(temp.folder, { ...smallOpt, vocab_size: 264 })
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const checkpoint = await openCheckpoint(temp.folder)
    const backend = await openCpu({ threads: 1 })
    const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 28, as: 'stored' })
    let calls = 0
    const failing: Decoder = {
      ...decoder,
      nextLogits: (...args) => (++calls === 4 ? Promise.reject(new Error('no more')) : decoder.nextLogits(...args)),
    }
    const generator = await openTextGenerator(failing)
    const options = { maxTokens: 9, temperature: 0, topP: 1, seed: 0 }
    const ids: number[] = []
    const stream = generator.stream(await generator.encode('in the end'), options)
    await assert.rejects(async () => {
      for await (const { id } of stream) ids.push(id)
    }, /no more/)
    assert.equal(ids.length, 3)
    // A text that nobody reads on leaves nothing on the device.
    const { usedBytes } = backend.memory()
    calls = 4
    for await (const { id } of generator.stream(await generator.encode('in the end'), options)) {
      assert.equal(id, ids[0])
      break
    }
    assert.equal(backend.memory().usedBytes, usedBytes)
    await generator.close()
    await decoder.close()
    await backend.close()
    await checkpoint.close()
  })

  it('is refused with a hint where to look if a weight is not a number', async () => {
    await writeTinyModel(temp.folder, { ...smallOpt, vocab_size: 264 })
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const file = readFileSync(temp.path('model.safetensors'))
    const data = 8 + Number(file.readBigUInt64LE())
    const header = JSON.parse(file.toString('utf8', 8, data)) as Record<string, { data_offsets: [number, number] }>
    const fc1 = Object.keys(header).find((name) => name.endsWith('fc1.weight'))!
    file.writeFloatLE(NaN, data + header[fc1].data_offsets[0])
    temp.write('model.safetensors', file)
    const args = ['--prompt', 'in the end', '--max-tokens', '3', '--device', 'cpu']
    const { status, stderr } = await cli('generate', temp.folder, ...args)
    assert.equal(status, 1)
    assert.match(stderr, /the model predicts NaN.*inspect --stats/)
  })

  it('is refused with what would help when its tokens need too much memory', async () => {
    await writeTinyModel(temp.folder, { ...smallLlama, vocab_size: 264 })
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const { status, stderr } = await cli(
      'generate',
      temp.folder,
      '--prompt',
      'x',
      '--max-tokens',
      '1000000000000',
      '--device',
      'cpu',
    )
    assert.equal(status, 1)
    assert.match(stderr, /keys and values of 1\d+ tokens take [\d.]+ \wB: ask for fewer new tokens \(--max-tokens\)/)
  })

  it('is refused for a model without a tokenizer', async () => {
    await writeTinyModel(temp.folder)
    const { status, stderr } = await cli('generate', temp.folder, '--prompt', 'x', '--device', 'cpu')
    assert.equal(status, 2)
    assert.match(stderr, /no tokenizer.json/)
  })
})
