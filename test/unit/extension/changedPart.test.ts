import assert from 'node:assert/strict'
import fc from 'fast-check'
import { changedPart } from '../../../src/extension/inspector/changedPart.ts'

describe('the part of a text that a change touches', () => {
  it('put in, makes the new text; both ends are as short as they can be', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, (before, after) => {
        const part = changedPart(before, after)
        if (before === after) return assert.equal(part, null)
        assert.ok(part)
        assert.equal(before.slice(0, part.start) + part.text + before.slice(part.end), after)
        const old = before.slice(part.start, part.end)
        if (old !== '' && part.text !== '') assert.ok(old[0] !== part.text[0] && old.at(-1) !== part.text.at(-1))
      }),
    )
  })
})
