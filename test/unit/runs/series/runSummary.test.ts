// summary.json: what a run's events add up to, and what a reader takes for one.
import assert from 'node:assert/strict'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { accuraciesOf } from '../../../../src/runs/series/accuracies.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import { encodeSummary, parseSummary, SummaryFold, type RunSummary } from '../../../../src/runs/series/runSummary.ts'
import { resultOfSummary } from '../../../../src/runs/series/runResult.ts'
import { recordedList, recordedRun } from '../../../webview/harness/recorded.ts'

function summaryOf(events: readonly RunEvent[]): RunSummary {
  const fold = new SummaryFold()
  fold.add(events)
  return fold.summary()
}
const step = (n: number, loss: number | null = n): RunEvent => {
  return { t: n, type: 'step', step: n, loss, lr: 1, tokens_per_second: 1 }
}

describe('the summary of a run', () => {
  it('has the last numbers and all evaluations of its picture', () => {
    for (const events of [recordedRun(6), recordedList()]) {
      const picture = foldEvents(emptyPicture(), events)
      const summary = summaryOf(events)
      assert.deepEqual(
        [summary.name, summary.overall, summary.left, summary.elapsed, summary.saved, summary.peakMemoryMb],
        [
          picture.name,
          picture.overall,
          picture.left,
          picture.elapsed,
          picture.saved,
          picture.memory?.peakRssMb ?? null,
        ],
      )
      assert.equal(summary.phase?.phase, picture.phases.at(-1)?.phase)
      assert.deepEqual(summary.evaluations, picture.evaluations)
      assert.deepEqual(resultOfSummary(summary).accuracy, accuraciesOf(picture.evaluations).stages)
      assert.equal(summary.loss.steps, picture.numSteps)
      assert.equal(summary.errors.length, picture.blocks.size)
    }
  })

  it('comes back from its text as it was, a perplexity that overflows and a loss that is no number too', () => {
    const overflow: RunEvent = { t: 1, type: 'eval', stage: 'pruned', entry: 0, perplexity: null }
    const summary = summaryOf([...recordedList(), overflow, step(1, null)])
    assert.equal(summary.evaluations.at(-1)?.perplexity, Infinity)
    assert.ok(summary.loss.means.includes(null))
    assert.deepEqual(parseSummary(encodeSummary(summary)), summary)
  })

  it('has at most 1024 points of the loss: means of 1, 2, 4 … steps that cover every step', () => {
    const fold = new SummaryFold()
    for (let n = 1; n <= 3000; n++) {
      fold.add([step(n)])
      const { every, steps, means } = fold.summary().loss
      if (n % 500 !== 0) continue
      assert.ok(means.length <= 1024)
      assert.deepEqual([steps, means.length], [n, Math.ceil(n / every)])
      for (const [i, mean] of means.entries()) {
        const [first, last] = [i * every + 1, Math.min(n, (i + 1) * every)]
        assert.ok(Math.abs((mean ?? NaN) - (first + last) / 2) < 1e-6 * last, `${n}: ${i}`)
      }
    }
    assert.equal(fold.summary().loss.every, 4)
  })

  it('has no number for a mean over a step without a finite loss', () => {
    const fold = new SummaryFold()
    for (let n = 1; n <= 2000; n++) fold.add([step(n, n === 7 ? null : 1)])
    const { every, means } = fold.summary().loss
    assert.deepEqual([every, means.indexOf(null), means.filter((mean) => mean === null).length], [2, 3, 1])
  })

  it('leaves out places in the middle of a recovery where there are thousands, never dense, pruned or the end', () => {
    const at = (stage: 'pruned' | 'recovered', n?: number): RunEvent[] => [
      ...(n === undefined ? [] : [step(n)]),
      { t: 1, type: 'eval', stage, entry: 0, perplexity: 30, ...(n !== undefined && { step: n }) },
    ]
    const middle = Array.from({ length: 5000 }, (_, i) => at('recovered', i + 1)).flat()
    const { evaluations } = summaryOf([...at('pruned'), ...middle, ...at('recovered')])
    assert.ok(evaluations.length > 1000 && evaluations.length <= 2000, String(evaluations.length))
    assert.deepEqual([evaluations[0].stage, evaluations.at(-1)?.step], ['pruned', undefined])
  })

  it('is null where it is not of this version, whatever is in the file', () => {
    const good = JSON.parse(encodeSummary(summaryOf(recordedRun(4)))) as Record<string, unknown>
    assert.ok(parseSummary(JSON.stringify({ ...good, more: 1 })))
    const loss = good.loss as object
    const changes: Record<string, unknown>[] = [
      { version: 2 },
      { name: null },
      { phase: 'prune' },
      { overall: '1' },
      { left: [1] },
      { evaluations: [{}] },
      { evaluations: [{ ...(good.evaluations as object[])[0], stage: 'other' }] },
      { errors: [[0, 1]] },
      { loss: { ...loss, every: 3 } },
      { loss: { ...loss, every: 0 } },
      { loss: { ...loss, means: new Array(1025).fill(1) } },
      { loss: { ...loss, means: ['x'] } },
    ]
    for (const change of changes)
      assert.equal(parseSummary(JSON.stringify({ ...good, ...change })), null, JSON.stringify(change))
    for (const text of [
      '',
      'null',
      '[]',
      '{"version":1',
      JSON.stringify(good).replace(/"elapsed":[^,]*/, '"elapsed":1e999'),
    ])
      assert.equal(parseSummary(text), null, text.slice(0, 40))
  })
})
