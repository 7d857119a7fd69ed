import assert from 'node:assert/strict'
import { someOf } from '../../../src/formatting/lists.ts'

describe('someOf', () => {
  it('cuts long lists only, and says how much it cut', () => {
    assert.equal(someOf(['a', 'b'], 2), 'a, b')
    assert.equal(someOf(['a', 'b', 'c', 'd'], 2), 'a, b, and 2 more')
    assert.equal(someOf(['a', 'b', 'c'], 1, '\n'), 'a\nand 2 more')
    assert.equal(someOf([]), '')
  })
})
