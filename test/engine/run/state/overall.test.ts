// Progress of the whole run: it never falls, and it leaves pauses out.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PlannedPart, WorkPart } from '../../../../src/plan/time.ts'
import { createOverall } from '../../../../src/engine/run/state/overall.ts'

const parts: PlannedPart[] = [
  { part: 'evaluate dense', seconds: 10, firstShare: 0.1 },
  { part: 'prune', seconds: 60, firstShare: 0.1 },
  { part: 'save result', seconds: 30, firstShare: 0.1 },
]

const near = (left: number | null, expected: number) =>
  assert.ok(left !== null && Math.abs(left - expected) < 1e-6, `${left}, not ${expected}`)

describe('progress of a whole run', () => {
  it('weighs its parts by their planned time', () => {
    const overall = createOverall(parts)
    overall.enter('evaluate dense', 0)
    overall.reach('evaluate dense', 0.5, 1000)
    assert.equal(overall.share(), 0.05)
    overall.leave('evaluate dense', 2000)
    assert.equal(overall.share(), 0.1)
    overall.enter('prune', 2000)
    overall.reach('prune', 0.5, 3000)
    assert.equal(overall.share(), 0.4)
  })

  it('never falls and never passes 1, whatever is reported', () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom('enter', 'reach', 'leave'),
        part: fc.constantFrom<WorkPart>('evaluate dense', 'prune', 'save result', 'recover 0'),
        fraction: fc.double({ min: -1, max: 2, noNaN: true }),
      }),
    )
    fc.assert(
      fc.property(steps, (list) => {
        const overall = createOverall(parts)
        let last = 0
        list.forEach(({ what, part, fraction }, i) => {
          if (what === 'reach') overall.reach(part, fraction, 1000 * i)
          else overall[what as 'enter' | 'leave'](part, 1000 * i)
          const share = overall.share()
          assert.ok(share >= last && share <= 1 + 1e-12)
          last = share
          const left = overall.secondsLeft(1000 * i)
          assert.ok(left === null || (left >= 0 && Number.isFinite(left)))
        })
      }),
    )
  })

  it('says how long it still takes from the first block or ten steps on, at the pace of those', () => {
    const overall = createOverall(parts)
    assert.equal(overall.secondsLeft(0), null)
    overall.enter('prune', 0)
    overall.reach('prune', 0.05, 6000)
    assert.equal(overall.secondsLeft(6000), null)
    // Twice as slow as planned.
    overall.reach('prune', 0.1, 12_000)
    near(overall.secondsLeft(12_000), 2 * (10 + 54 + 30))
  })

  it('takes for a measured part its own pace, for others that of all', () => {
    const overall = createOverall(parts)
    overall.enter('evaluate dense', 0)
    overall.leave('evaluate dense', 20_000)
    near(overall.secondsLeft(20_000), 2 * (60 + 30))
    overall.enter('prune', 20_000)
    overall.reach('prune', 0.5, 110_000)
    near(overall.secondsLeft(110_000), 3 * 30 + (110 / 40) * 30)
    overall.leave('prune', 200_000)
    overall.enter('save result', 200_000)
    overall.reach('save result', 0.5, 245_000)
    near(overall.secondsLeft(245_000), 45)
  })

  it('counts evaluations in between, at the pace of those that are done', () => {
    const overall = createOverall([
      { part: 'evaluate dense', seconds: 1, firstShare: 0.1 },
      { part: 'recover 0', seconds: 10, firstShare: 0.1 },
      { part: 'evaluate between 0', seconds: 4, firstShare: 0.1 },
    ])
    overall.enter('evaluate dense', 0)
    overall.leave('evaluate dense', 60_000)
    overall.enter('recover 0', 60_000)
    // As fast as planned: the steps that are left take 7 s, and four evaluations a minute each.
    overall.reach('recover 0', 0.3, 63_000)
    near(overall.secondsLeft(63_000), 7 + 4 * 60)
    overall.enter('evaluate between 0', 63_000)
    overall.reach('evaluate between 0', 0.125, 93_000)
    near(overall.secondsLeft(93_000), 7 + 3.5 * 60)
    overall.leave('evaluate between 0', 123_000, 0.25)
    assert.equal(overall.share(), (1 + 3 + 1) / 15)
    // The time of the evaluation is none of the recovery's.
    overall.reach('recover 0', 0.6, 126_000)
    near(overall.secondsLeft(126_000), 4 + 3 * 60)
  })

  it('continues from the start of a part that failed and begins again', () => {
    const overall = createOverall(parts)
    overall.enter('prune', 0)
    overall.enter('evaluate dense', 1000)
    overall.enter('prune', 2000)
    overall.reach('prune', 0.5, 30_000)
    overall.leave('prune', 60_000)
    assert.equal(overall.share(), 0.6)
    assert.ok(Number.isFinite(overall.secondsLeft(60_000)))
  })

  it('has no time left where nothing is planned, or too little is done to have a pace', () => {
    assert.equal(createOverall([]).secondsLeft(1000), null)
    const overall = createOverall(parts)
    overall.enter('prune', 0)
    overall.reach('prune', Number.MIN_VALUE, 1000)
    assert.equal(overall.secondsLeft(1000), null)
  })

  it('begins where a resumed run was, and takes no pace from what it skips', () => {
    const done = new Map<WorkPart, number>([
      ['evaluate dense', 1],
      ['prune', 0.5],
    ])
    const overall = createOverall(parts, done)
    assert.equal(overall.share(), 0.4)
    overall.enter('prune', 0)
    overall.reach('prune', 0.25, 1000)
    overall.reach('prune', 0.5, 2000)
    assert.equal(overall.share(), 0.4)
    assert.equal(overall.secondsLeft(2000), null)
    // As slow as planned, from where it goes on.
    overall.reach('prune', 0.75, 17_000)
    near(overall.secondsLeft(17_000), 15 + 30)
  })
})
