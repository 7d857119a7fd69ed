// Progress of the whole run: it never falls, and it leaves pauses out.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PlannedPart, WorkPart } from '../../../../src/plan/time.ts'
import { createOverall } from '../../../../src/engine/run/state/overall.ts'

const parts: PlannedPart[] = [
  { part: 'evaluate dense', seconds: 10 },
  { part: 'prune', seconds: 60 },
  { part: 'save result', seconds: 30 },
]

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
          assert.ok(left === null || (left[0] >= 0 && left[0] <= left[1] && Number.isFinite(left[1])))
        })
      }),
    )
  })

  it('goes by the pace of finished runs before anything was measured, as widely as that is known', () => {
    assert.deepEqual(createOverall(parts).secondsLeft(0), [50, 200])
    const overall = createOverall(parts, { pace: { low: 1.5, high: 2, runs: 3 } })
    overall.enter('evaluate dense', 0)
    assert.deepEqual(overall.secondsLeft(5000), [150, 200])
  })

  it('goes more and more by what it has measured, of the part that goes on by its own pace, and becomes narrower', () => {
    const overall = createOverall(parts)
    overall.enter('evaluate dense', 0)
    // Twice as slow as planned: 20 s for what was planned to take 10. That is a tenth of the plan, so it weighs half.
    overall.reach('evaluate dense', 1, 20_000)
    overall.leave('evaluate dense', 20_000)
    const after = overall.secondsLeft(20_000)!
    assert.deepEqual(
      after.map(Math.round),
      [Math.sqrt(0.5 * (2 / 1.1)), Math.sqrt(2 * 2 * 1.1)].map((pace) => Math.round(90 * pace)),
    )
    overall.enter('prune', 20_000)
    // Half of the pruning took 90 s where 30 were planned.
    overall.reach('prune', 0.5, 110_000)
    const [least, most] = overall.secondsLeft(110_000)!
    assert.ok(most / least < after[1] / after[0])
    assert.ok(least > 80 + 30 && most < 100 + 30 * 4, `${least} to ${most}`)
    overall.leave('prune', 200_000)
    overall.enter('save result', 200_000)
    overall.reach('save result', 0.5, 245_000)
    const [few, many] = overall.secondsLeft(245_000)!
    assert.ok(many / few < 1.25 && few < 45 && many > 45, `${few} to ${many}: the rest as its first half`)
  })

  it('counts evaluations in between, at the pace of those that are done', () => {
    const overall = createOverall([
      { part: 'evaluate dense', seconds: 1 },
      { part: 'recover 0', seconds: 10 },
      { part: 'evaluate between 0', seconds: 4 },
    ])
    overall.enter('evaluate dense', 0)
    overall.leave('evaluate dense', 60_000)
    overall.enter('recover 0', 60_000)
    // As fast as planned: the steps that are left take 7 s, and four evaluations a minute each.
    overall.reach('recover 0', 0.3, 63_000)
    const [least, most] = overall.secondsLeft(63_000)!
    assert.ok(least > 0.7 * 247 && most > 0.9 * 247 && most < 1.2 * 247, `${least} to ${most}`)
    overall.enter('evaluate between 0', 63_000)
    overall.reach('evaluate between 0', 0.125, 93_000)
    const [fewer, more] = overall.secondsLeft(93_000)!
    assert.ok(fewer < 217 && more > 0.9 * 217 && more < most, `${fewer} to ${more}`)
    overall.leave('evaluate between 0', 123_000, 0.25)
    assert.equal(overall.share(), (1 + 3 + 1) / 15)
    // The time of the evaluation is none of the recovery's.
    overall.reach('recover 0', 0.6, 126_000)
    const [low, high] = overall.secondsLeft(126_000)!
    assert.ok(low < 184 && high > 184 && high / low < 1.6, `${low} to ${high}`)
  })

  it('a part that failed and is begun again goes on from where it was', () => {
    const overall = createOverall(parts)
    overall.enter('prune', 0)
    overall.enter('evaluate dense', 1000)
    overall.enter('prune', 2000)
    overall.reach('prune', 0.5, 30_000)
    overall.leave('prune', 60_000)
    assert.equal(overall.share(), 0.6)
    assert.ok(overall.secondsLeft(60_000)![1] < Infinity)
  })

  it('says nothing of what is left where nothing is planned, or so little is done that its pace is no number', () => {
    assert.equal(createOverall([]).secondsLeft(1000), null)
    const overall = createOverall(parts)
    overall.enter('prune', 0)
    overall.reach('prune', Number.MIN_VALUE, 1000)
    assert.equal(overall.secondsLeft(1000), null)
  })

  it('a resumed run begins where it was, and what it walks past tells nothing about the pace', () => {
    const done = new Map<WorkPart, number>([
      ['evaluate dense', 1],
      ['prune', 0.5],
    ])
    const overall = createOverall(parts, { done })
    assert.equal(overall.share(), 0.4)
    overall.enter('prune', 0)
    overall.reach('prune', 0.25, 1000)
    overall.reach('prune', 0.5, 2000)
    assert.equal(overall.share(), 0.4)
    assert.deepEqual(overall.secondsLeft(2000), [0.5 * (30 + 30), 2 * (30 + 30)])
    // As slow as planned, from where it goes on.
    overall.reach('prune', 0.75, 17_000)
    const [least, most] = overall.secondsLeft(17_000)!
    assert.ok(least < 15 + 30 && most > 15 + 30 && most / least < 2)
  })
})
