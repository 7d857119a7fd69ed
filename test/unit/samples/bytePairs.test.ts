import assert from 'node:assert/strict'
import { Tokenizer } from '@huggingface/tokenizers'
import { tokenizerJson, trainBytePairs } from '../../../samples/make/bytePairs.ts'

const texts = ['low lower lowest', 'new newer newest wide wider widest', 'Élan, naïve 漢字 🙂 12 345']
const special = ['<|endoftext|>']

describe('byte-level BPE training', () => {
  const trained = trainBytePairs(texts, 300, special)
  const tokenizer = new Tokenizer(JSON.parse(tokenizerJson(trained, special)) as object, {})

  it('fills the vocabulary to the asked size without repeats', () => {
    const long = trainBytePairs([texts.join(' ').repeat(3)], 290, special)
    assert.equal(long.vocabulary.length, 290)
    assert.equal(new Set(long.vocabulary).size, 290)
  })

  it('decodes every text back to itself, unseen ones too', () => {
    for (const text of [...texts, 'never seen: ñ € 𝒳\n\ttabs'])
      assert.equal(tokenizer.decode(tokenizer.encode(text).ids), text)
  })

  it('merges the most frequent pair first', () => {
    assert.deepEqual(trainBytePairs(['aab aab aab xy'], 259, special).merges[0], ['a', 'a'])
  })

  it('keeps the special token whole', () => {
    assert.deepEqual([...tokenizer.encode('<|endoftext|>').ids], [0])
  })
})
