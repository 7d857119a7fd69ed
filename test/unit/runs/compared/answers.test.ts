import assert from 'node:assert/strict'
import { answersIn, encodeAnswers } from '../../../../src/runs/compared/answers.ts'

describe('answers of a run', () => {
  it('in a report are those of the last stage of each entry; anything else is passed over', () => {
    const one = (stage: string, picked: string, entry = 0) => ({
      stage,
      entry,
      task: 'piqa',
      data: 'd',
      answers: { picked, gold: '00' },
    })
    const report = {
      evaluations: [
        one('dense', '01'),
        one('recovered', '00'),
        one('pruned', '11'),
        one('dense', '1-', 1),
        one('dense', '1', 2),
        one('dense', 'ÄÖ', 3),
        null,
        { entry: 4 },
      ],
    }
    assert.deepEqual(
      answersIn(report).map(({ entry, picked }) => [entry, picked]),
      [
        [0, '00'],
        [1, '1-'],
      ],
    )
    for (const nothing of [null, 3, {}, { evaluations: 'x' }]) assert.deepEqual(answersIn(nothing), [])
    assert.equal(encodeAnswers([40], [0]), null)
  })
})
