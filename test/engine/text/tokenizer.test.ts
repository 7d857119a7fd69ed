import assert from 'node:assert/strict'
import { openTokenizer as open, type Tokenizer as Opened } from '../../../src/engine/text/tokenizer.ts'
import { cutExpression, safeCuts } from '../../../src/engine/text/safeCuts.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { Tokenizer } from '@huggingface/tokenizers'
import { byteTokenizer, plainIds } from '../../support/byteTokenizer.ts'
import { isShort } from '../../support/extent.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

/** Letters, digits, punctuation, spaces and line breaks of several scripts, in unkind order. */
function unkindText(length: number, seed: number): string {
  const pieces = [
    'the',
    ' a',
    'in',
    'é',
    '漢字',
    '🙂',
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\r\n',
    '\t',
    '.',
    ',\n',
    "'s",
    '12',
    ' 3',
    '-',
    '<s>',
    'x\n',
    'y\n ',
    '\u00a0',
    '\u2028',
    'İ',
    // Letters and signs that NFC or NFKC make something else of.
    'ͺ',
    '\u0958',
    '\ufc5e',
    '¨',
    '\u0308',
    '‾',
    '<mask>',
  ]
  const rng = createRng(seed)
  let text = ''
  while (text.length < length) text += pieces[rng.below(pieces.length)]
  return text
}

describe('openTokenizer', () => {
  let temp: Scratch
  const opened: Opened[] = []
  const openTokenizer = async (...args: Parameters<typeof open>) => {
    const tokenizer = await open(...args)
    opened.push(tokenizer)
    return tokenizer
  }
  beforeEach(() => (temp = scratch()))
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((tokenizer) => tokenizer.close()))
  })

  it('adds the special tokens of the post-processor', async () => {
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const tokenizer = await openTokenizer(temp.folder)
    assert.deepEqual([...(await tokenizer.encode('xyz'))], plainIds('xyz'))
    assert.deepEqual([...(await tokenizer.encode(''))], [0])
    assert.deepEqual([...(await tokenizer.encode('the'))], [0, 258])
  })

  it('gives a long text the ids of the whole text, though it encodes pieces', async () => {
    const definition = byteTokenizer()
    temp.write('tokenizer.json', JSON.stringify(definition))
    const tokenizer = await openTokenizer(temp.folder)
    const whole = new Tokenizer(definition, {})
    for (const seed of isShort ? [1] : [1, 2, 3]) {
      const text = unkindText(200_000, seed)
      assert.ok(safeCuts(text, cutExpression(definition) ?? '', 1 << 15).length >= 5)
      assert.deepEqual([...(await tokenizer.encode(text))], whole.encode(text).ids)
    }
  })

  it('can be stopped within a long text', async () => {
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const tokenizer = await openTokenizer(temp.folder)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 1)
    await assert.rejects(tokenizer.encode(unkindText(2_000_000, 4), { signal: abort.signal }), /cancelled/)
  })

  it('gives text that comes in pieces the ids of the whole text', async () => {
    const definition = byteTokenizer()
    temp.write('tokenizer.json', JSON.stringify(definition))
    const tokenizer = await openTokenizer(temp.folder)
    const text = unkindText(150_000, 7)
    for (const size of isShort ? [40_000] : [1000, 40_000, 149_999]) {
      const pieces = async function* () {
        for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
      }
      assert.deepEqual([...(await tokenizer.encode(pieces()))], new Tokenizer(definition, {}).encode(text).ids)
    }
  })

  it('reads no further than for the ids that are enough', async () => {
    temp.write('tokenizer.json', JSON.stringify(byteTokenizer()))
    const tokenizer = await openTokenizer(temp.folder)
    let asked = 0
    const endless = async function* () {
      for (;;) {
        asked++
        yield 'abc\n'.repeat(20_000)
      }
    }
    const ids = await tokenizer.encode(endless(), { enough: 100_000 })
    assert.ok(ids.length >= 100_000 && asked <= 3, `${ids.length} ids of ${asked} pieces`)
  })

  describe('with an expression that never ends', () => {
    const pattern = '(a+)+$'
    const evil = byteTokenizer({
      preTokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
        ],
      },
    })
    const text = `${'a'.repeat(60)}b`

    it('gives up in time and names the file and the pattern', async () => {
      const path = temp.write('tokenizer.json', JSON.stringify(evil))
      const tokenizer = await openTokenizer(temp.folder, { limitMs: 2000 })
      await assert.rejects(
        tokenizer.encode(text),
        (e) =>
          e instanceof EngineError &&
          e.code === 'bad-config' &&
          e.message.includes(path) &&
          e.message.includes(pattern),
      )
    })

    it('can be stopped, and this thread continues meanwhile', async () => {
      temp.write('tokenizer.json', JSON.stringify(evil))
      const tokenizer = await openTokenizer(temp.folder)
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 200)
      await assert.rejects(tokenizer.encode(text, { signal: abort.signal }), { code: 'cancelled' })
    })
  })

  const refused = (code: string, message: RegExp) =>
    assert.rejects(
      openTokenizer(temp.folder),
      (e) => e instanceof EngineError && e.code === code && message.test(e.message),
    )
  it('names what is missing and the remedy', () => refused('bad-data', /no tokenizer\.json.*copy it from the model/))
  it('refuses a Unigram model that falls back to bytes, which it would give other ids', async () => {
    const model = {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['a', -1],
        ['<0x0A>', -2],
      ],
      byte_fallback: true,
    }
    temp.write('tokenizer.json', JSON.stringify({ ...byteTokenizer(), model }))
    await refused('bad-config', /Unigram model with byte_fallback.*token ids/)
  })
  it('refuses what is no JSON and no tokenizer', async () => {
    temp.write('tokenizer.json', '{')
    await refused('bad-config', /not a JSON object/)
    temp.write('tokenizer.json', '{"model": {"type": "none"}}')
    await refused('bad-config', /cannot be used/)
  })
})

describe('safe cuts', () => {
  const gpt4 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })
  const sequence = (...pretokenizers: unknown[]) => ({ type: 'Sequence', pretokenizers })

  const gpt2Twice = sequence(
    { type: 'Digits', individual_digits: true },
    { type: 'ByteLevel', add_prefix_space: false },
  )
  const swallowing = { id: 300, content: '<mask>', special: true, normalized: false, lstrip: true, rstrip: false }
  const nfkc = { normalizer: { type: 'NFKC' } }
  const tokenizers: [name: string, definition: Record<string, unknown>][] = [
    ['GPT-2', byteTokenizer()],
    ['GPT-2 after digits', byteTokenizer({ preTokenizer: gpt2Twice })],
    ['the GPT-4 and Llama 3 line', byteTokenizer({ preTokenizer: sequence(split(gpt4), byteLevel) })],
    ['the Qwen line', byteTokenizer({ preTokenizer: sequence(split(gpt4.replace('{1,3}', '')), byteLevel) })],
    ['GPT-4 under NFKC', { ...byteTokenizer({ preTokenizer: sequence(split(gpt4), byteLevel) }), ...nfkc }],
    ['GPT-2 under NFKC', { ...byteTokenizer(), ...nfkc }],
    [
      'GPT-4 with a token that swallows the space before it',
      byteTokenizer({ preTokenizer: sequence(split(gpt4), byteLevel), addedTokens: [swallowing] }),
    ],
    ['GPT-2 with such a token', byteTokenizer({ addedTokens: [swallowing] })],
  ]
  for (const [name, definition] of tokenizers)
    it(`change no id of ${name}: between any two pieces that may be cut`, () => {
      const tokenizer = new Tokenizer(definition, {})
      const bare = { add_special_tokens: false }
      const text = unkindText(6000, 6)
      const cuts = [0, ...safeCuts(text, cutExpression(definition) ?? '', 1), text.length]
      assert.ok(cuts.length > 100, `${cuts.length} cuts`)
      const pieces = cuts.slice(1).flatMap((end, i) => tokenizer.encode(text.slice(cuts[i], end), bare).ids)
      assert.deepEqual(pieces, tokenizer.encode(text, bare).ids)
    })

  it('are found where no line ends in a letter, in one line of words, and in lines of one word', () => {
    const texts = ['It was said. It is (so).\n\n', 'word after word ', '"Word."\n', '1.\n2.\n']
    for (const [, definition] of tokenizers.slice(0, 4))
      for (const text of texts) {
        const cuts = safeCuts(text.repeat(1000), cutExpression(definition) ?? '', 100)
        assert.ok(cuts.length > (text.length * 1000) / 130, `${cuts.length} in ${JSON.stringify(text)}`)
      }
  })

  const uncut: [why: string, definition: Record<string, unknown>][] = [
    [
      'every piece would get a prefix space',
      byteTokenizer({ preTokenizer: { type: 'ByteLevel', add_prefix_space: true } }),
    ],
    ['the text is one word', byteTokenizer({ preTokenizer: byteLevel })],
    ['the expression is not a published one', byteTokenizer({ preTokenizer: sequence(split('.{5}'), byteLevel) })],
    ['it is a SentencePiece tokenizer', byteTokenizer({ preTokenizer: { type: 'Metaspace' } })],
    ['a normalizer may change the text', { ...byteTokenizer(), normalizer: { type: 'Replace' } }],
    ['an added token has a line break', byteTokenizer({ addedTokens: [{ id: 300, content: 'a\nb' }] })],
    [
      'an added token swallows the space after it',
      byteTokenizer({ addedTokens: [{ id: 300, content: 'mask', rstrip: true }] }),
    ],
  ]
  for (const [why, definition] of uncut) {
    it(`are nowhere when ${why}`, () => assert.equal(cutExpression(definition), null))
  }
})
