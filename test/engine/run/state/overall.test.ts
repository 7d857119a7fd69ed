// Progress of the whole run: it never falls, and it leaves pauses out.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PlannedPart, WorkPart } from '../../../../src/shared/plan/time.ts'
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
          assert.ok(left === null || (Number.isFinite(left) && left >= 0))
        })
      }),
    )
  })

  it('says nothing of what is left before anything was measured, then goes by the pace', () => {
    const overall = createOverall(parts)
    assert.equal(overall.secondsLeft(0), null)
    overall.enter('evaluate dense', 0)
    assert.equal(overall.secondsLeft(5000), null)
    // Twice as slow as planned: 20 s for what was planned to take 10.
    overall.reach('evaluate dense', 1, 20_000)
    assert.equal(Math.round(overall.secondsLeft(20_000)!), 180)
    overall.leave('evaluate dense', 20_000)
    overall.enter('prune', 20_000)
    // Half of the pruning took 60 s: its own pace counts for its rest, that of everything for the other parts.
    overall.reach('prune', 0.5, 80_000)
    assert.equal(Math.round(overall.secondsLeft(80_000)!), 60 + 30 * 2)
  })

  it('says nothing of what is left while so little is done that its pace is no number', () => {
    const overall = createOverall(parts)
    overall.enter('prune', 0)
    overall.reach('prune', Number.MIN_VALUE, 1000)
    assert.equal(overall.secondsLeft(1000), null)
  })

  it('a resumed run begins where it was, and what it walks past tells nothing about the pace', () => {
    const overall = createOverall(
      parts,
      new Map([
        ['evaluate dense', 1],
        ['prune', 0.5],
      ]),
    )
    assert.equal(overall.share(), 0.4)
    overall.enter('prune', 0)
    overall.reach('prune', 0.25, 1000)
    overall.reach('prune', 0.5, 2000)
    assert.equal(overall.share(), 0.4)
    assert.equal(overall.secondsLeft(2000), null)
    overall.reach('prune', 0.75, 12_000)
    assert.equal(Math.round(overall.secondsLeft(12_000)!), 10 + 20)
  })
})
