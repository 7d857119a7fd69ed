// Curves of many runs: from their summaries, folded over seeds, thinned.
import assert from 'node:assert/strict'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { curveOf, foldCurves, type Curve, thinCurve } from '../../../../src/runs/series/curves.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import { SummaryFold } from '../../../../src/runs/series/runSummary.ts'
import { smooth } from '../../../../src/runs/series/smooth.ts'
import { recordedList, recordedRun } from '../../../webview/harness/recorded.ts'

const summaryOf = (events: readonly RunEvent[]) => {
  const fold = new SummaryFold()
  fold.add(events)
  return fold.summary()
}
const steps = (losses: readonly (number | null)[]): RunEvent[] =>
  losses.map((loss, i) => ({ t: i, type: 'step', step: i + 1, loss, lr: 1, tokens_per_second: 1 }))
const numbered = (y: readonly number[]): Curve => ({ x: y.map((_, i) => i + 1), y })

describe('the curves of a run, from its summary', () => {
  it('have the loss smoothed as that of a run alone, and a gap stays a gap', () => {
    const events = recordedRun(4)
    const expected = smooth(foldEvents(emptyPicture(), events).loss, 0.6)
    const { x, y } = curveOf(summaryOf(events), 'loss', { smoothing: 0.6 })
    assert.deepEqual(
      x,
      expected.map((point) => point.x),
    )
    for (const [i, value] of y.entries())
      assert.ok(Math.abs(value / (expected[i].y ?? NaN) - 1) < 1e-6 || (Number.isNaN(value) && expected[i].y === null))
  })

  it('have perplexity from pruned at 0 to recovered at its steps; dense belongs to no step', () => {
    const summary = summaryOf(recordedList())
    assert.deepEqual(curveOf(summary, 'perplexity', { smoothing: 0 }), { x: [0, 80], y: [38.9, 29.8] })
    assert.deepEqual(curveOf(summary, 'error', { smoothing: 0 }), { x: [0, 1], y: [0.4, 0.8] })
  })

  it('have points of the loss at the same steps for a long run and a short one, each a mean around its step', () => {
    const long = summaryOf(steps(Array.from({ length: 4000 }, (_, i) => i + 1)))
    const short = summaryOf(steps([1, 2, 3, 4, 5, 6]))
    assert.deepEqual([long.loss.every, short.loss.every], [4, 1])
    const { x, y } = curveOf(short, 'loss', { smoothing: 0, every: long.loss.every })
    assert.deepEqual({ x, y }, { x: [2.5, 6.5], y: [2.5, 5.5] })
    const whole = curveOf(long, 'loss', { smoothing: 0 })
    assert.deepEqual([whole.x.length, whole.x[1], whole.y[1]], [1000, 6.5, 6.5])
  })

  it('smooth means of several steps as much as so many steps', () => {
    const long = summaryOf(steps(Array.from({ length: 2048 }, (_, i) => (i < 1024 ? 0 : 1))))
    assert.equal(long.loss.every, 2)
    const { x, y } = curveOf(long, 'loss', { smoothing: 0.9 })
    const at = x.findIndex((step) => step > 1034)
    // Ten steps after the jump: 1 − 0.9¹⁰.
    assert.ok(Math.abs(y[at - 1] - (1 - 0.9 ** 10)) < 0.001, String(y[at - 1]))
  })
})

describe('curves of several seeds', () => {
  it('are their median and range, at each place over those that have come so far', () => {
    const folded = foldCurves([numbered([1, 5, NaN]), numbered([3, 1]), numbered([2])])
    assert.deepEqual(folded, { x: [1, 2, 3], y: [2, 3, NaN], low: [1, 1, NaN], high: [3, 5, NaN] })
  })

  it('of one run are that run', () => {
    assert.deepEqual(foldCurves([numbered([4, 5])]), { x: [1, 2], y: [4, 5], low: [], high: [] })
  })
})

describe('a thinned curve', () => {
  const noise = (n: number) => Array.from({ length: n }, (_, i) => (i === 777 ? 99 : Math.sin(i * 12.9) + 1 / (1 + i)))
  const thinned = (y: readonly number[]) => {
    const { x, y: values } = thinCurve({ ...numbered(y), low: [], high: [] }, 120)
    return [...x].map((at, i): [number, number] => [at, values[i]])
  }

  it('keeps every spike, and a gap of each bucket', () => {
    const kept = thinned(noise(2000))
    assert.ok(kept.length > 40 && kept.length <= 130, String(kept.length))
    assert.ok(kept.some(([x, value]) => x === 778 && value === 99))
    const gaps = noise(2000).map((value, i) => (i === 1234 ? NaN : value))
    assert.ok(thinned(gaps).some(([, value]) => Number.isNaN(value)))
  })

  it('keeps every point while there are few, each with the range of its seeds', () => {
    assert.equal(thinned(noise(50)).length, 50)
    const { y, low, high } = thinCurve({ ...numbered([5, 7]), low: [4, 6], high: [6, 8] }, 120)
    assert.deepEqual(
      [[...y], [...low], [...high]],
      [
        [5, 7],
        [4, 6],
        [6, 8],
      ],
    )
  })
})
