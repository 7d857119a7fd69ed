// Curves of many runs: folded over seeds, thinned, and only what is new of them sent.
import assert from 'node:assert/strict'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { parseEvents } from '../../../../src/runs/events/parseEvents.ts'
import { type Curve, curveOf, CurveThinner, foldCurves, type FoldedCurve } from '../../../../src/runs/series/curves.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import { foldLeanLines } from '../../../../src/runs/picture/leanLines.ts'
import { emptyLeanRun, foldLean } from '../../../../src/runs/series/leanRun.ts'
import { smooth } from '../../../../src/runs/series/smooth.ts'
import { recordedList, recordedRun } from '../../../webview/harness/recorded.ts'

const lean = (events: readonly RunEvent[]) => foldLean(emptyLeanRun(), events)
const numbered = (y: readonly number[]): Curve => ({ x: y.map((_, i) => i + 1), y })

describe('a run among hundreds', () => {
  it('has the picture of the whole one, but for the points of its steps and their speed', () => {
    for (const events of [recordedRun(6), recordedList()]) {
      const whole = foldEvents(emptyPicture(), events)
      const { picture, loss } = lean(events)
      const { pace, tokensPerSecond } = emptyPicture()
      const none = { pace, tokensPerSecond, loss: [], lr: [], lossByRecovery: new Map(), blockLoss: new Map() }
      assert.deepEqual(picture, { ...whole, ...none })
      assert.deepEqual(
        loss.toArray(),
        whole.loss.map(({ y }) => Math.fround(y ?? NaN)),
      )
    }
  })

  it('is the same from its lines, however they are written and cut, and whatever stands between them', () => {
    const odd = [
      '{"t":5,"type":"step","step":1,"loss":1e400,"lr":0,"tokens_per_second":1}',
      '{"t":05,"type":"step","step":1,"loss":1,"lr":0,"tokens_per_second":1}',
      '{"type":"step","t":6,"step":2,"loss":-0.5E+1,"lr":0,"tokens_per_second":null}',
      '{"t":7,"type":"step","step":3,"loss":"1","lr":0,"tokens_per_second":1}',
      '{"t":8,"type":"step","block":1,"step":3,"loss":2.,"lr":0,"tokens_per_second":1}',
      ' {"t": 9, "type": "step", "step": 4, "loss": 2, "lr": 0, "tokens_per_second": 1, "more": [1]} ',
      '{"t":10,"type":"progress","phase":"a \\u00e9","done":1,"total":2,"unit":"x","eta_s":1,"overall":0.9}',
      '{"t":11,"type":"progress","phase":"é","done":1,"total":2,"unit":"x","eta_s":1}',
      '{"t":11,"type":"progress","phase":"a","done":1,"total":2,"unit":"x","eta_s":2,"eta_range_s":[1,4],"overall":0.4}',
      '{"t":11,"type":"progress","phase":"a","done":1,"total":2,"unit":"x","eta_s":2,"eta_range_s":[1],"overall":0.99}',
      '{"t":1,"type":"progress","phase":"a","done":1,"total":2,"unit":"x","eta_s":null,"overall":0.3}',
      '{"t":12,"type":"warning","message":"a\\nb é"}',
      ...['', 'null', '{', '[1]', '{"t":13,"type":"other"}'],
    ]
    const written = [...recordedRun(2), ...recordedList()].map((event) => JSON.stringify(event))
    const all = written.flatMap((line, i) => [line, odd[i % odd.length]])
    const whole = lean(parseEvents(all))
    assert.ok(whole.loss.length > 100)
    for (const size of [1, 7, all.length]) {
      const run = emptyLeanRun()
      for (let at = 0; at < all.length; at += size)
        foldLeanLines(run, Buffer.from(`${all.slice(at, at + size).join('\n')}\n`))
      assert.deepEqual({ ...run, otherChars: 0 }, whole)
    }
    assert.deepEqual({ ...foldLeanLines(emptyLeanRun(), Buffer.from(all.join('\n'))), otherChars: 0 }, whole)
  })

  it('its loss is smoothed as that of a run alone, but for f32, and a gap stays a gap', () => {
    const events = recordedRun(4)
    const expected = smooth(foldEvents(emptyPicture(), events).loss, 0.6)
    const { x, y } = curveOf(lean(events), 'loss', 0.6)
    assert.deepEqual(
      x,
      expected.map((point) => point.x),
    )
    for (const [i, value] of y.entries())
      assert.ok(Math.abs(value / (expected[i].y ?? NaN) - 1) < 1e-6 || (Number.isNaN(value) && expected[i].y === null))
  })

  it('its perplexity goes from pruned at 0 to recovered at its steps; dense belongs to no step', () => {
    assert.deepEqual(curveOf(lean(recordedList()), 'perplexity', 0), { x: [0, 80], y: [38.9, 29.8] })
    const errors = curveOf(lean(recordedList()), 'error', 0)
    assert.deepEqual(errors, { x: [0, 1], y: [0.4, 0.8] })
  })
})

describe('curves of several seeds', () => {
  it('are their median and range, at each place over those that have come so far', () => {
    const folded = foldCurves([numbered([1, 5, NaN]), numbered([3, 1]), numbered([2])], [false, false, true], 'loss')
    assert.deepEqual(folded, { x: [1, 2, 3], y: [2, 3, NaN], low: [1, 1, NaN], high: [3, 5, NaN], settled: 2 })
  })

  it('of one run are that run; evaluations may come between others, so that none is settled', () => {
    assert.deepEqual(foldCurves([numbered([4, 5])], [false], 'loss'), {
      x: [1, 2],
      y: [4, 5],
      low: [],
      high: [],
      settled: 2,
    })
    assert.equal(foldCurves([numbered([4, 5])], [false], 'perplexity').settled, 0)
  })
})

describe('thinning of a curve that grows', () => {
  const noise = (n: number) => Array.from({ length: n }, (_, i) => (i === 777 ? 99 : Math.sin(i * 12.9) + 1 / (1 + i)))
  const single = (y: readonly number[], settled = y.length): FoldedCurve => ({
    ...numbered(y),
    low: [],
    high: [],
    settled,
  })
  const grown = (lengths: readonly number[], limit: number, y: readonly number[]) => {
    const thinner = new CurveThinner(limit)
    const kept: [number, number][] = []
    const sent: number[] = []
    for (const length of lengths) {
      const part = thinner.next(single(y.slice(0, length)))
      sent.push(part.x.length)
      kept.length = part.keep
      for (const [i, x] of part.x.entries()) kept.push([x, part.y[i]])
    }
    return { kept, sent }
  }

  it('comes to the same points whatever the steps in which it grew, and no spike is lost', () => {
    const y = noise(2000)
    const [atOnce, inSteps] = [[2000], Array.from({ length: 2000 / 25 }, (_, i) => 25 * (i + 1))].map((lengths) =>
      grown(lengths, 120, y),
    )
    assert.deepEqual(inSteps.kept, atOnce.kept)
    assert.ok(atOnce.kept.length <= 130, String(atOnce.kept.length))
    assert.ok(atOnce.kept.some(([x, value]) => x === 778 && value === 99))
    // Nearly always what is new alone.
    assert.ok(inSteps.sent.filter((count) => count < 12).length > inSteps.sent.length / 2, String(inSteps.sent))
  })

  it('keeps every point while there are few, and a gap of each bucket when there are many', () => {
    assert.equal(grown([50], 120, noise(50)).kept.length, 50)
    const gaps = noise(2000).map((value, i) => (i === 1234 ? NaN : value))
    assert.ok(grown([2000], 120, gaps).kept.some(([, value]) => Number.isNaN(value)))
  })

  it('what is not settled is sent again, with its range', () => {
    const thinner = new CurveThinner(120)
    const two = (y: readonly number[]): FoldedCurve => ({
      ...numbered(y),
      low: y.map((v) => v - 1),
      high: y.map((v) => v + 1),
      settled: 1,
    })
    thinner.next(two([5, 6]))
    const part = thinner.next(two([5, 7, 8]))
    assert.deepEqual([part.keep, [...part.y], [...part.low], [...part.high]], [1, [7, 8], [6, 7], [8, 9]])
  })
})
