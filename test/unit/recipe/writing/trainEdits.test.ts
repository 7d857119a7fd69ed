// What the budget ruler proposes, written into a recipe: nothing else of its text changes.
import assert from 'node:assert/strict'
import { readDocument } from '../../../../src/recipe/document.ts'
import { trainEdits } from '../../../../src/recipe/edits.ts'
import { applyEdits } from '../../../support/applyEdits.ts'

const written = (text: string, recovery: number, train: string[], rank: number | null) =>
  applyEdits(readDocument(text), trainEdits(text, recovery, train, rank))

describe('edits of what a recovery trains', () => {
  it('replace the list and the rank of the recovery that is meant, and keep comments', () => {
    const text = `recover: # in order
  - mode: reconstruct
    train: [full]
  - mode: retrain
    train: [norm, mask_lora] # PERP
    lora: {rank: 16, alpha: 32}
`
    assert.equal(
      written(text, 1, ['bias', 'norm', 'mask_lora'], 4),
      text.replace('[norm, mask_lora]', '[bias, norm, mask_lora]').replace('rank: 16', 'rank: 4'),
    )
    assert.equal(written(text, 0, ['norm'], null), text.replace('[full]', '[norm]'))
  })

  it('add what a recipe leaves to its defaults', () => {
    const text = 'recover:\n  mode: retrain\n  steps: 5\nsave: {to: out}\n'
    const next = written(text, 0, ['norm', 'mask_lora'], 8)
    assert.deepEqual(readDocument(next).value, {
      recover: { mode: 'retrain', steps: 5, train: ['norm', 'mask_lora'], lora: { rank: 8 } },
      save: { to: 'out' },
    })
    const lora = 'recover:\n  - mode: retrain\n    lora:\n      alpha: 8\n'
    assert.deepEqual(readDocument(written(lora, 0, ['norm'], 2)).value, {
      recover: [{ mode: 'retrain', train: ['norm'], lora: { alpha: 8, rank: 2 } }],
    })
  })

  it('are empty where the text has no such recovery', () => {
    for (const text of ['', 'version: 1\n', 'recover: []\n', 'recover: [{mode: retrain}]\n'])
      assert.deepEqual(trainEdits(text, 3, ['norm'], null), [], text)
  })
})
