import assert from 'node:assert/strict'
import { parse } from 'yaml'
import { recipeYaml } from '../../../src/engine/run/open/recipeFile.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'

/** Texts that no reader may take for something else. */
const odd = {
  version: 1,
  model: '0o17',
  numbers: [1e-7, 5e-324, 1.5e21, -2e-9, 0.1, 3, 0],
  words: ['text - 2e3 tokens', '[1e5]', '2:4', 'yes', '0x10', '1e-7', '0o8', '~'],
}

describe('recipes of runs as YAML', () => {
  it('have numbers as PyYAML reads them, and every text as it is', () => {
    const text = recipeYaml(odd as unknown as Recipe)
    for (const version of ['1.1', '1.2'] as const) {
      // A document that says what it is needs no other reader's guess.
      const read = parse(text.replace(/^%YAML.*\n---\n/, ''), { version }) as unknown
      assert.deepEqual(read, odd, `${version}\n${text}`)
    }
    // PyYAML's float has a dot before the exponent, and the exponent's sign.
    const numbers = text.slice(text.indexOf('numbers:'), text.indexOf('words:'))
    const written = [...numbers.matchAll(/[\d.]+e\S*?(?=[,\]\n])/g)].map(([number]) => number)
    assert.equal(written.length, 4)
    for (const number of written) assert.match(number, /^\d+\.\d*e[-+]\d+$/, text)
  })
})
