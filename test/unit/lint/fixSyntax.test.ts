import assert from 'node:assert/strict'
import { lint, parseRecipe } from '../../../src/lint/lint.ts'
import { readDocument } from '../../../src/recipe/document.ts'
import { readRepaired } from '../../../src/lint/fixSyntax.ts'

const good = `version: 1
model: ./opt
prune:
  - method: wanda
    sparsity: 0.5
    targets: [Linear] # every matrix
calibration: {data: "c4.jsonl", samples: 8, seq_len: 16}
recover:
  mode: reconstruct
  train: [bias, norm]
  lr: 1.0
save: {to: ./out}
`

/** The place of the first message, and of those about other things. */
function messages(text: string) {
  const { findings } = lint(text, { document: readRepaired(text) })
  const broken = findings.filter(({ name }) => name === 'broken-yaml')
  const places = broken.map(({ range, message }) => [range.start.line, range.start.character, message])
  return { places, others: findings.filter(({ name }) => name !== 'broken-yaml').map(({ name }) => name) }
}

describe('a text with an unclosed bracket', () => {
  const others = messages(good).others
  const broken: [what: string, text: string, place: [number, number]][] = [
    ['a list before a comment', good.replace('[Linear]', '[Linear'), [5, 13]],
    ['a list before another key', good.replace('[bias, norm]', '[bias, norm'), [9, 9]],
    ['a list that ends with a comma', good.replace('[bias, norm]', '[bias, norm,'), [9, 9]],
    ['a map', good.replace('seq_len: 16}', 'seq_len: 16'), [6, 13]],
    ['the last line', good.replace('./out}', './out'), [11, 6]],
    [
      'a quote',
      good.replace('"c4.jsonl"', '"c4.jsonl').replace(', samples: 8, seq_len: 16}', '\n  , samples: 8, seq_len: 16}'),
      [6, 20],
    ],
  ]
  for (const [what, text, place] of broken)
    it(`${what}: one message at it, and all that is found elsewhere stays`, () => {
      assert.equal(readDocument(text).value, undefined, 'is broken')
      const found = messages(text)
      assert.deepEqual(
        found.places.map(([line, character]) => [line, character]),
        [place],
      )
      assert.match(String(found.places[0][2]), /never closed/)
      assert.deepEqual(found.others, others)
    })

  it('gives two messages for two of them', () => {
    const text = good.replace('[Linear]', '[Linear').replace('./out}', './out')
    assert.deepEqual(
      messages(text).places.map(([line]) => line),
      [5, 11],
    )
  })

  it('never runs, whatever rules are disabled', () => {
    const text = `# sparsescope-disable broken-yaml\n${good.replace('./out}', './out')}`
    assert.equal(parseRecipe(text).recipe, null)
  })

  it('is not reported in texts that are whole or broken in another way', () => {
    const flow = 'evaluate: [\n  {task: perplexity,\n   data: "a: [b"},\n]\nmodel: don\'t\n'
    for (const text of [good, flow, 'a: b: c', '- [a}\n', '\t- x', ''])
      assert.deepEqual(readRepaired(text).problems, readDocument(text).problems)
  })
})
