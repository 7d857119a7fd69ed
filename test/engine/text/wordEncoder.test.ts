// Where the tokenizer library by itself would give other ids or another text than the tokenizers of transformers.
import assert from 'node:assert/strict'
import { createWordEncoder } from '../../../src/engine/text/wordEncoder.ts'
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

describe('createWordEncoder', () => {
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

  it('takes U+FEFF for no space and U+0085 for one', () => {
    const { encode } = encoderOf(byteTokenizer())
    assert.deepEqual([...encode('\n\n\ufeffx', false)], idsOf('\n\n\ufeffx'))
    assert.deepEqual([...encode('\n\n\u0085', false)], [lineBreaks, ...idsOf('\u0085')])
  })

  it('gives the text of tokens as they are, whatever the settings say of cleaning up', () => {
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

  it('refuses what the library leaves out', () => {
    const whole = byteTokenizer()
    const model = whole.model as object
    const normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Precompiled' }] }
    const split = (behavior: string) => ({ type: 'Split', pattern: { String: 'a' }, behavior, invert: false })
    const alone = { id: 264, content: '<x>', special: false, single_word: true }
    const cases: [object, RegExp][] = [
      [{ ...whole, model: { ...model, continuing_subword_prefix: '##' } }, /continuing_subword_prefix/],
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
