// The small curve of a run in a table: what it shows, and how much of it.
import assert from 'node:assert/strict'
import { SummaryFold } from '../../../../src/runs/series/runSummary.ts'
import { mostPoints, sparklineOfReport, sparklineOfSummary } from '../../../../src/runs/compared/comparedRun.ts'
import { recordedRun } from '../../../webview/harness/recorded.ts'

const measured = (values: readonly (number | null)[], entry = 0) =>
  values.map((perplexity, i) => ({ stage: i === 0 ? 'pruned' : 'recovered', entry, perplexity }))

describe('the sparkline of a report', () => {
  it('is perplexity from pruned on, by the first entry, without the dense model', () => {
    const dense = { stage: 'dense', entry: 0, perplexity: 20 }
    const report = { evaluations: [dense, ...measured([90, 50, 40]), ...measured([1, 2, 3], 1)] }
    assert.deepEqual(sparklineOfReport(report), { of: 'perplexity', values: [90, 50, 40] })
  })

  it('is the error of the blocks where perplexity was measured at its ends alone', () => {
    const blocks = [0.1, 0.2].map((after, block) => ({ block, error_after: after }))
    assert.deepEqual(sparklineOfReport({ evaluations: measured([90, 50]), blocks }), {
      of: 'error',
      values: [0.1, 0.2],
    })
    assert.deepEqual(sparklineOfReport({ evaluations: measured([90, 50]) })?.values, [90, 50])
  })

  it('has two to forty points, its ends among them, and only numbers, whatever the report holds', () => {
    const long = sparklineOfReport({ evaluations: measured(Array.from({ length: 1000 }, (_, i) => i)) })
    assert.equal(long?.values.length, mostPoints)
    assert.deepEqual([long?.values[0], long?.values.at(-1)], [0, 999])
    for (const report of [
      null,
      3,
      { evaluations: 'x', blocks: [null, { error_after: 'x' }] },
      { blocks: [{ error_after: 1 }] },
    ])
      // oxfmt-ignore
      assert.equal(sparklineOfReport(report), null)
  })
})

it('the sparkline of an unfinished run is that of its events', () => {
  const fold = new SummaryFold()
  assert.equal(sparklineOfSummary(fold.summary()), null)
  fold.add(recordedRun(6))
  assert.ok(sparklineOfSummary(fold.summary()))
})
