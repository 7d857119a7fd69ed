import assert from 'node:assert/strict'
import fc from 'fast-check'
import { downsample, type Point, smooth } from '../../../../src/runs/series/smooth.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import { recordedRun } from '../../../webview/harness/recorded.ts'

const points = fc
  .array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null, freq: 20 }), { maxLength: 400 })
  .map((ys) => ys.map((y, x): Point => ({ x, y })))

describe('smoothing', () => {
  it('leaves a constant as it is, from the first point on', () => {
    const constant = Array.from({ length: 50 }, (_, x) => ({ x, y: 3.25 }))
    for (const { y } of smooth(constant, 0.95)) assert.ok(y !== null && Math.abs(y - 3.25) < 1e-12)
  })

  it('stays between the extremes and keeps every gap', () => {
    fc.assert(
      fc.property(points, fc.double({ min: 0, max: 0.99, noNaN: true }), (series, weight) => {
        const ys = series.flatMap((p) => (p.y === null ? [] : [p.y]))
        const [low, high] = [Math.min(...ys), Math.max(...ys)]
        const slack = 1e-9 * (Math.abs(low) + Math.abs(high) + 1)
        smooth(series, weight).forEach(({ x, y }, i) => {
          assert.equal(x, series[i].x)
          assert.equal(y === null, series[i].y === null)
          if (y !== null) assert.ok(y >= low - slack && y <= high + slack)
        })
      }),
    )
  })
})

describe('downsampling', () => {
  it('keeps minimum, maximum, first point and at least one gap, in order, within the limit', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 4, max: 100 }), (series, limit) => {
        const kept = downsample(series, limit)
        assert.ok(kept.length <= Math.max(limit, 4))
        assert.ok(kept.every((p, i) => i === 0 || p.x > kept[i - 1].x))
        const extremes = (list: Point[]) => {
          const ys = list.flatMap((p) => (p.y === null ? [] : [p.y]))
          return [Math.min(...ys), Math.max(...ys)]
        }
        assert.deepEqual(extremes(kept), extremes(series))
        assert.equal(
          kept.some((p) => p.y === null),
          series.some((p) => p.y === null),
        )
        assert.deepEqual(kept.at(0), series.at(0))
      }),
    )
  })
})

describe('folding a run', () => {
  it('gives the same picture at once and event by event', () => {
    const events = recordedRun(4)
    const bit = emptyPicture()
    for (const event of events) foldEvents(bit, [event])
    assert.deepEqual(bit, foldEvents(emptyPicture(), events))
  })

  it('gives tokens a second over all steps of a recovery: all tokens by all time', () => {
    const step = (tokens_per_second: number, recovery: number) =>
      ({ t: 1, type: 'step', recovery, step: 1, loss: 1, lr: 1, tokens_per_second }) as const
    const speed = (...events: ReturnType<typeof step>[]) => foldEvents(emptyPicture(), events).tokensPerSecond
    assert.equal(speed(), null)
    assert.equal(speed(step(100, 0), step(300, 0)), 150)
    assert.equal(speed(step(100, 0), step(300, 1), step(300, 1)), 300)
    assert.equal(speed(step(100, 0), step(0, 0)), 100, 'a clock that stands still')
  })

  it('counts steps over all blocks and keeps a NaN as a gap', () => {
    const { loss, evaluations, end } = foldEvents(emptyPicture(), recordedRun(4))
    assert.equal(loss.length, 120)
    assert.deepEqual(
      loss.filter((p) => p.y === null).map((p) => p.x),
      [67],
    )
    assert.deepEqual(
      evaluations.map((e) => [e.stage, e.x]),
      [
        ['dense', 0],
        ['recovered', 120],
      ],
    )
    assert.equal(end?.status, 'done')
  })
})
