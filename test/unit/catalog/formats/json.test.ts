import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FormatError } from '../../../../src/errors.ts'
import { parseJson, toPlain } from '../../../../src/catalog/formats/json.ts'
import { removeTopLevel, setTopLevel } from '../../../../src/catalog/formats/jsonEdit.ts'

describe('parseJson', () => {
  it('agrees with JSON.parse on every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t\r\n '), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        assert.deepEqual(toPlain(parseJson(text)), JSON.parse(text))
      }),
      { seed: 7, numRuns: 500 },
    )
  })

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:01.-+eE\\untrfalse \n') }), (text) => {
        let valid = true
        try {
          JSON.parse(text)
        } catch {
          valid = false
        }
        if (!valid) assert.throws(() => parseJson(text), FormatError)
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  it('refuses a key that appears twice', () => {
    assert.throws(() => parseJson('{"a": 1, "b": {"c": 2, "c": 3}}'), /"c" appears twice/)
  })

  it('keeps __proto__ as data', () => {
    const plain = toPlain(parseJson('{"__proto__": {"polluted": true}}')) as Record<string, unknown>
    assert.equal(plain.polluted, undefined)
    assert.deepEqual(Object.keys(plain), ['__proto__'])
  })
})

describe('setTopLevel', () => {
  it('replaces the value and keeps every other byte', () => {
    const text = '{\n  "eps": 1e-05,\n  "tie_word_embeddings" : true,\n  "rope": {"theta": 10000.0}\n}\n'
    assert.equal(setTopLevel(text, 'tie_word_embeddings', false), text.replace('true', 'false'))
  })
  it('leaves the same key inside another object alone', () => {
    const text = '{"text_config": {"tie": true}, "list": ["tie", {"tie": 1}], "tie": true}'
    assert.equal(setTopLevel(text, 'tie', false), text.slice(0, -5) + 'false}')
  })
  it('replaces a value that is an object or a list as a whole', () => {
    assert.equal(setTopLevel('{"a": {"b": [1, {"c": ","}]}, "d": 2}', 'a', 1), '{"a": 1, "d": 2}')
    assert.equal(setTopLevel('{"a": [1, 2]}', 'a', 1), '{"a": 1}')
  })
  it('adds a missing key in the same indentation', () => {
    assert.equal(setTopLevel('{\n  "a": 1\n}', 'b', false), '{\n  "b": false,\n  "a": 1\n}')
    assert.equal(setTopLevel('{}', 'b', false), '{"b": false}')
  })
  it('ignores braces, quotes and colons inside strings', () => {
    const text = '{"a": "}\\", \\"tie\\": true, {", "tie": true}'
    assert.equal(setTopLevel(text, 'tie', false), text.slice(0, -5) + 'false}')
  })
  it('finds a key written with escapes', () => {
    assert.equal(setTopLevel('{"t\\u0069e": true}', 'tie', false), '{"t\\u0069e": false}')
  })
  it('refuses what is no object', () => assert.throws(() => setTopLevel('[1]', 'a', 1), /not a JSON object/))
})

describe('removeTopLevel', () => {
  it('removes a member wherever it is, and nothing else', () => {
    assert.equal(removeTopLevel('{"a": 1, "q": {"q": 2}, "b": 3}', 'q'), '{"a": 1, "b": 3}')
    assert.equal(removeTopLevel('{\n  "a": 1,\n  "q": 2\n}', 'q'), '{\n  "a": 1\n}')
    assert.equal(removeTopLevel('{"q": 2}', 'q'), '{}')
    assert.equal(removeTopLevel('{\r\n\t"q": 2,\r\n\t"a": 1\r\n}', 'q'), '{\r\n\t"a": 1\r\n}')
    assert.equal(removeTopLevel('{"a": {"q": 2}}', 'q'), '{"a": {"q": 2}}')
  })
})
