import assert from 'node:assert/strict'
import { progressBar, progressLine, type Progress } from '../../../../src/cli/terminal/progressText.ts'
import { createRunProgress } from '../../../../src/cli/terminal/runProgress.ts'

describe('progress of a run', () => {
  const phase = (name: string) => ({ t: 0, type: 'phase', phase: name }) as const
  const progress = (name: string, done: number) =>
    ({ t: 0, type: 'progress', phase: name, done, total: 400, unit: 'steps', eta_s: 600, overall: 0.5 }) as const
  const step = (loss: number | null) => ({ t: 0, type: 'step', step: 1, loss, lr: 1e-4, tokens_per_second: 9 }) as const

  it('tells the loss of the last step, until another phase begins', () => {
    const shown: Progress[] = []
    const tell = createRunProgress((one) => shown.push(one))
    for (const event of [phase('retrain'), progress('retrain', 0), step(2.345678), progress('retrain', 20)]) tell(event)
    for (const event of [step(null), progress('retrain', 40), phase('evaluate'), progress('evaluate', 1)]) tell(event)
    assert.deepEqual(
      shown.map(({ loss }) => loss),
      [undefined, undefined, 2.345678, null, undefined, undefined],
    )
    assert.match(progressBar(shown[2], 100), /retrain 20\/400 steps, about 10 min left, loss 2\.346$/)
    assert.match(progressLine(shown[3]), /, loss NaN$/)
    tell({ ...progress('retrain', 41), eta_s: null })
    assert.doesNotMatch(progressLine(shown[6]), / left/)
  })
})
