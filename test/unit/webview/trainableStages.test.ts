// The page of a recipe's training shows one stage, or what any of them trains.
import assert from 'node:assert/strict'
import { allStages, planOfStage, stageOptions, stageText } from '../../../webview-ui/trainable/stages.ts'
import { recordedModel, recordedPlan, recordedStages } from '../../webview/harness/recorded.ts'

describe('the stages of the trainable map', () => {
  const model = recordedModel(4)
  const plan = recordedStages(model)

  it('are all together, and each by its number and mode', () => {
    assert.deepEqual(
      stageOptions(plan.recoveries).map(({ text }) => text),
      ['all stages', '1 refit', '2 reconstruct', '3 retrain'],
    )
  })

  it('have rows and totals of what a chosen one trains alone', () => {
    assert.deepEqual(planOfStage(plan, allStages), plan)
    const { rows, trainable, percentage } = planOfStage(plan, '2')
    assert.deepEqual(new Set(rows.map(({ by }) => by)), new Set(['norm', null]))
    assert.equal(
      rows.reduce((sum, row) => sum + row.trainable, 0),
      trainable,
    )
    assert.ok(trainable < plan.trainable && percentage < plan.percentage)
    assert.equal(rows.length, plan.rows.length)
    assert.ok(planOfStage(plan, '0').rows.every(({ by, trainable: trained }) => by === null && trained === 0))
  })

  it('are named on the page, where there are several', () => {
    assert.equal(stageText(plan, allStages), 'All stages: each parameter as the stage that trains most of it.')
    assert.equal(stageText(plan, '2'), 'Stage 3 retrain alone: it trains norm.')
    assert.equal(stageText(plan, '0'), 'Stage 1 refit alone: it trains nothing.')
    assert.equal(stageText(recordedPlan(model), allStages), null)
  })
})
