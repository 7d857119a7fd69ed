import assert from 'node:assert/strict'
import { isInComment } from '../../../src/server/inComment.ts'

/** The place is marked by `¦`. */
const inside = (marked: string) => isInComment(marked.replace('¦', ''), marked.indexOf('¦'))

describe('a comment of a recipe', () => {
  it('goes from its # to the end of the line', () => {
    for (const text of [
      '#¦',
      '# a¦b\nc: 1',
      'a: 1 # ¦',
      'a: 1 #¦ b\n',
      'a: {x: 1} # y¦',
      'a: [1, # ¦\n 2]',
      'a: "#" # ¦\r\nb: 1',
    ])
      assert.ok(inside(text), text)
    for (const text of ['¦# a', 'a: 1 ¦# b', '# a\n¦', '# a\n b¦: 1', 'a: 1¦', '¦', '']) assert.ok(!inside(text), text)
  })

  it('is none in a text, whatever it looks like', () => {
    for (const text of ['a: "# ¦"', "a: '# ¦'", 'a: x#¦', 'a: |\n  # ¦b\n', 'a: >\n  b\n  # ¦', 'a: "b\n  # ¦c"'])
      assert.ok(!inside(text), text)
  })
})
