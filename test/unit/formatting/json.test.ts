import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FormatError } from '../../../src/errors.ts'
import { parseJson, toPlain } from '../../../src/formatting/json.ts'

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
