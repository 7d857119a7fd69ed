// Where the tokenizer library by itself would give other ids or another text than the tokenizers of transformers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createWordEncoder } from '../../../src/engine/text/wordEncoder.ts'
import { safeCuts } from '../../../src/engine/text/safeCuts.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'

const encoderOf = (definition: object, config: object | null = null) =>
  createWordEncoder({
    path: 'tokenizer.json',
    tokenizer: JSON.stringify(definition),
    config: config && JSON.stringify(config),
  })
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
const lineBreaks = 1 + 256 + 6
const idsOf = (text: string) => [...new TextEncoder().encode(text)].map((byte) => byte + 1)

interface Case {
  readonly name: string
  readonly normalizer?: object
  readonly pre_tokenizer?: object
  readonly added_tokens?: object[]
  /** Ids of each text by the package tokenizers. */
  readonly texts: Readonly<Record<string, number[]>>
}

/** Written by test/support/makeTokenizerIds.py. */
const cases = JSON.parse(
  readFileSync(new URL('../../fixtures/text/tokenizerIds.json', import.meta.url), 'utf8'),
) as Case[]

describe('createWordEncoder', () => {
  for (const { name, normalizer = null, pre_tokenizer, added_tokens, texts } of cases)
    it(`gives the ids that tokenizers gives: ${name}`, () => {
      const preTokenizer = pre_tokenizer ?? { ...byteLevel, use_regex: false }
      const { encode } = encoderOf({ ...byteTokenizer({ preTokenizer, addedTokens: added_tokens }), normalizer })
      const ids = Object.fromEntries(Object.keys(texts).map((text) => [text, [...encode(text, false)]]))
      assert.deepEqual(ids, texts)
    })

  it('replaces by the text of a decoder, also one that contains $&', () => {
    const step = { type: 'Replace', pattern: { String: 'a' }, content: '[$&]' }
    for (const decoder of [step, { type: 'Sequence', decoders: [step, { type: 'Fuse' }] }]) {
      const { encode, decode } = encoderOf({ ...byteTokenizer(), decoder })
      assert.equal(decode([...encode('a', false)]), '[$&]')
    }
  })

  it('does not cut text inside an added token, also where NFKC puts the space into it', () => {
    const added = (id: number, content: string) => ({ id, content, special: false, normalized: true })
    const addedTokens = [added(264, '  '), added(265, 'b¨')]
    const { cuts, encode } = encoderOf({ ...byteTokenizer({ addedTokens }), normalizer: { type: 'NFKC' } })
    assert.ok(cuts !== null)
    const text = 'ab \u0308 a\u00a0 b ¨\nb¨ a \u3000\nb \u0308'
    const ends = [0, ...safeCuts(text, cuts, 1), text.length]
    const pieces = ends.slice(1).flatMap((end, i) => [...encode(text.slice(ends[i], end), false)])
    assert.ok(pieces.includes(264) && pieces.includes(265))
    assert.deepEqual(pieces, [...encode(text, false)])
  })

  it('takes the numbers of all scripts for digits, as tokenizers does', () => {
    for (const individual of [true, false]) {
      const digits = { type: 'Digits', individual_digits: individual }
      const { encode } = encoderOf(
        byteTokenizer({ preTokenizer: { type: 'Sequence', pretokenizers: [digits, byteLevel] } }),
      )
      // The break before a word that is no number is two tokens: its last part goes with the word.
      assert.deepEqual([...encode('\n\n½', false)], [lineBreaks, ...idsOf('½')])
      assert.deepEqual([...encode('\n\n§', false)], [...idsOf('\n\n§')])
    }
  })

  it('treats U+0085 as a space and U+FEFF as none', () => {
    const { encode } = encoderOf(byteTokenizer())
    assert.deepEqual([...encode('\n\n\ufeffx', false)], idsOf('\n\n\ufeffx'))
    assert.deepEqual([...encode('\n\n\u0085', false)], [lineBreaks, ...idsOf('\u0085')])
  })

  it('gives the text of tokens unchanged, whatever the settings for cleaning up are', () => {
    for (const config of [null, { clean_up_tokenization_spaces: true }]) {
      const { encode, decode } = encoderOf(byteTokenizer(), config)
      for (const text of [' he said . But', " do n't go , it 's", ' why ? no !'])
        assert.equal(decode([...encode(text, false)]), text)
    }
  })

  it('says of a definition that nests without end, and of a text too long for its model, what is wrong', () => {
    const [open, close] = ['{"type":"Sequence","pretokenizers":[', ']}']
    const endless = `{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":${open.repeat(20_000)}${close.repeat(20_000)}}`
    const create = () => createWordEncoder({ path: 'tokenizer.json', tokenizer: endless, config: null })
    assert.throws(create, { code: 'bad-config', message: /cannot be used/ })
    const model = {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['a', -1],
        [' ', -1],
      ],
    }
    const whole = {
      ...byteTokenizer(),
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      model,
    }
    const { encode } = encoderOf(whole, { unk_token: '<unk>' })
    assert.equal(encode('a a', false).length, 3)
    assert.throws(() => encode('a '.repeat(300_000), false), { code: 'bad-data', message: /shorter documents/ })
  })

  it('refuses what the library does not support', () => {
    const whole = byteTokenizer()
    const model = whole.model as object
    const normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Precompiled' }] }
    const split = (behavior: string) => ({ type: 'Split', pattern: { String: 'a' }, behavior, invert: false })
    const alone = { id: 264, content: '<x>', special: false, single_word: true }
    const cases: [object, RegExp][] = [
      [{ ...whole, model: { ...model, continuing_subword_prefix: '##' } }, /continuing_subword_prefix/],
      [{ ...whole, model: { ...model, end_of_word_suffix: '</w>' } }, /end_of_word_suffix/],
      [{ ...whole, normalizer }, /Precompiled/],
      [{ ...whole, pre_tokenizer: { type: 'Punctuation' } }, /Punctuation/],
      ...['Removed', 'MergedWithNext', 'Contiguous'].map((behavior): [object, RegExp] => [
        { ...whole, pre_tokenizer: split(behavior) },
        /Split of a behaviour other/,
      ]),
      [{ ...whole, pre_tokenizer: { ...split('Isolated'), invert: true } }, /Split of a behaviour other/],
      [
        { ...whole, pre_tokenizer: { ...split('MergedWithPrevious'), pattern: { Regex: 'a' } } },
        /Split of a behaviour/,
      ],
      [{ ...whole, pre_tokenizer: { type: 'Metaspace', replacement: '▁' } }, /Metaspace splits/],
      [
        {
          ...whole,
          normalizer: { type: 'Strip', strip_left: true, strip_right: false },
          pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
        },
        /strips text on the left before a Metaspace/,
      ],
      [byteTokenizer({ addedTokens: [alone] }), /single word/],
    ]
    for (const [definition, message] of cases)
      assert.throws(() => encoderOf(definition), { code: 'bad-config', message })
    for (const behavior of ['Isolated', 'MergedWithPrevious'])
      assert.doesNotThrow(() => encoderOf({ ...whole, pre_tokenizer: split(behavior) }))
    const unsplit = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false }
    assert.doesNotThrow(() => encoderOf({ ...whole, pre_tokenizer: unsplit }))
  })
})
