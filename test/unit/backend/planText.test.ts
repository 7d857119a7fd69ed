import assert from 'node:assert/strict'
import { join } from 'node:path'
import { planText } from '../../../src/backend/laterHandlers.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

describe('the plan of a text that is being written', () => {
  let folder: string
  before(async () => {
    folder = scratch().folder
    await writeTinyModel(join(folder, 'model'))
  })

  it('names the field of the form that each problem belongs to', async () => {
    const text = [
      'version: 1',
      'model: ./model',
      'prune: [{ method: wanda, sparsity: 0.5 }]',
      'calibration: { data: ./none.jsonl, samples: 4, seq_len: 16 }',
      'recover: { mode: refit, steps: 4, train: [bias] }',
      'save: { to: ./model }',
    ].join('\n')
    const { problems } = await planText({ recipe: join(folder, 'a.prune.yaml'), text }, null)
    const fieldOf = (message: RegExp) => problems.find((problem) => message.test(problem.message))?.field
    assert.equal(fieldOf(/none\.jsonl/), 'calibration.data')
    assert.equal(fieldOf(/^train has no effect/), 'recover.train')
    assert.ok(
      problems.some(({ field }) => field === 'save.to'),
      'the result would be the model itself',
    )
  })
})
