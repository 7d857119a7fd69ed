// `recover` as a list: what is said about an item stands at that item, and its fixes change that item.
import assert from 'node:assert/strict'
import { applyEdits } from '../../support/applyEdits.ts'
import { lint, parseRecipe } from '../../../src/lint/lint.ts'
import { resolveRecipe, writtenRecipe } from '../../../src/recipe/resolve.ts'
import { factsOf, llamaConfig, modelOf } from '../../support/recipeFacts.ts'

const text = (second: string) => `version: 1
model: m
prune: [{method: wanda, sparsity: 0.3}]
calibration: {data: a.jsonl, samples: 128, seq_len: 64}
seed: 0
recover:
  - {mode: reconstruct, train: [norm]}
  - {mode: retrain, data: b.jsonl, seq_len: 64, ${second}}
save: {to: out}
`

describe('recover as a list', () => {
  for (const [what, second, rule, at, fixed] of [
    ['a value', 'train: [norm], lr: x', 'S7', 'x', null],
    ['a rate', 'train: [norm], lr: 0', 'L2', '0', 'lr: 5.0e-4'],
    ['a misspelt word', 'train: [nrom]', 'S7', 'nrom', 'train: [norm]'],
    ['a misspelt key', 'train: [norm], stesp: 5', 'S1', 'stesp', 'steps: 5'],
    ['a key of another section', 'train: [mask_lora], rank: 4', 'S2', 'rank', null],
    ['an adapter that fills zeros', 'train: [lora]', 'R1', 'lora', null],
    ['two adapters', 'train: [mask_lora, scale_lora]', 'S5', '[mask_lora, scale_lora]', null],
    ['a key of another mode', 'train: [norm], inputs: dense', 'S6', 'inputs', 'train: [norm]}'],
    ['what the model has not', 'train: [bias, norm]', 'R2', 'bias', 'train: [norm]'],
    ['a rank that is too large', 'train: [mask_lora], lora: {rank: 4096}', 'R5', '4096', 'rank: 8'],
  ] as const)
    it(`${what} is found in its item, and fixed there`, () => {
      const { document, findings } = lint(text(second), { facts: factsOf(modelOf(llamaConfig, { masked: true })) })
      const found = findings.find((finding) => finding.rule === rule)
      assert.ok(found, findings.map(({ rule, message }) => `${rule} ${message}`).join('\n'))
      const [start, end] = [found.range.start, found.range.end].map((place) => document.offset(place))
      assert.equal(document.text.slice(start, end), at)
      assert.equal(found.range.start.line, 7)
      if (fixed === null) return
      const mended = applyEdits(document, found.fixes[0].edits).split('\n')
      assert.ok(mended[7].includes(fixed), mended[7])
      assert.equal(mended[6], text(second).split('\n')[6])
    })

  it('means in a list of one what the one means, and is written without the list', () => {
    const of = (recover: string) => {
      const { recipe } = parseRecipe(
        `version: 1\nmodel: m\nprune: [{sparsity: 0.3}]\ncalibration: {data: a}\nrecover: ${recover}`,
      )
      assert.ok(recipe)
      return resolveRecipe(recipe)
    }
    assert.deepEqual(of('[{train: [norm]}]'), of('{train: [norm]}'))
    assert.ok(!Array.isArray(writtenRecipe(of('[{train: [norm]}]')).recover))
    assert.equal(writtenRecipe(of('[]')).recover, undefined)
    const two = of('[{train: [norm], steps: 5}, {mode: refit}]')
    assert.deepEqual(
      two.recover.map(({ mode, steps }) => [mode, steps]),
      [
        ['reconstruct', 5],
        ['refit', 10],
      ],
    )
  })

  it('is reported once where it is neither a map nor a list', () => {
    for (const recover of ['5', 'retrain', '[5]', '[[{train: [norm]}]]']) {
      const { findings } = lint(`version: 1\nmodel: m\nrecover: ${recover}\nsave: {to: out}\n`)
      assert.equal(findings.filter(({ rule }) => rule === 'S7').length, 1, recover)
    }
  })
})
