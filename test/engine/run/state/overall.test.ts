// Progress of the whole run: it never falls, and it leaves pauses out.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PlannedPart, WorkPart } from '../../../../src/plan/time.ts'
import { createOverall, type Overall } from '../../../../src/engine/run/state/overall.ts'

const parts: PlannedPart[] = [
  { part: 'evaluate dense', seconds: 10, firstShare: 0.1 },
  { part: 'prune', seconds: 60, firstShare: 0.1 },
  { part: 'save result', seconds: 30, firstShare: 0.1 },
]

const near = (left: number | null, expected: number) =>
  assert.ok(left !== null && Math.abs(left - expected) < 1e-6, `${left}, not ${expected}`)

interface Timed extends Overall {
  /** Does a whole part, or what is left of it. */
  part(part: WorkPart, body?: () => void | Promise<void>): Promise<void>
  /** So much of the current part is done after so many seconds more. */
  after(seconds: number, done?: number): void
}

function timed(planned: readonly PlannedPart[] = parts, done?: ReadonlyMap<WorkPart, number>): Timed {
  let now = 0
  const overall = createOverall(planned, () => now, done)
  return {
    ...overall,
    part: (part, body) => overall.within({ part, from: 0, to: 1 }, async () => body?.()),
    after(seconds, share) {
      now += 1000 * seconds
      if (share !== undefined) overall.reach(share)
    },
  }
}

describe('progress of a whole run', () => {
  it('weighs its parts by their planned time', async () => {
    const overall = timed()
    await overall.part('evaluate dense', () => {
      overall.after(1, 0.5)
      assert.equal(overall.share(), 0.05)
    })
    assert.equal(overall.share(), 0.1)
    await overall.part('prune', () => {
      overall.after(1, 0.5)
      assert.equal(overall.share(), 0.4)
    })
  })

  it('never falls and never passes 1, whatever is reported', async () => {
    const work = fc.record({
      part: fc.constantFrom<WorkPart>('evaluate dense', 'prune', 'save result', 'recover 0'),
      reached: fc.array(fc.double({ min: -1, max: 2, noNaN: true }), { maxLength: 4 }),
      fails: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(work, { maxLength: 3 })), async (list) => {
        const overall = timed()
        let last = 0
        const check = () => {
          const share = overall.share()
          assert.ok(share >= last && share <= 1 + 1e-12)
          last = share
          const left = overall.secondsLeft()
          assert.ok(left === null || (left >= 0 && Number.isFinite(left)))
        }
        // Each piece of work is within the one before it.
        const within = async ([first, ...others]: (typeof list)[number]): Promise<void> => {
          if (!first) return
          await overall.part(first.part, async () => {
            for (const done of first.reached) {
              overall.after(1, done)
              check()
            }
            await within(others)
            if (first.fails) throw new Error('fails')
          })
        }
        for (const nested of list) {
          await within(nested).catch(() => undefined)
          check()
        }
      }),
    )
  })

  it('says how long it still takes from the first block or ten steps on, at the pace of those', async () => {
    const overall = timed()
    assert.equal(overall.secondsLeft(), null)
    await overall.part('prune', () => {
      overall.after(6, 0.05)
      assert.equal(overall.secondsLeft(), null)
      // Twice as slow as planned.
      overall.after(6, 0.1)
      near(overall.secondsLeft(), 2 * (10 + 54 + 30))
    })
  })

  it('takes for a measured part its own pace, for others that of all', async () => {
    const overall = timed()
    await overall.part('evaluate dense', () => overall.after(20))
    near(overall.secondsLeft(), 2 * (60 + 30))
    await overall.part('prune', () => {
      overall.after(90, 0.5)
      near(overall.secondsLeft(), 3 * 30 + (110 / 40) * 30)
      overall.after(90)
    })
    await overall.part('save result', () => {
      overall.after(45, 0.5)
      near(overall.secondsLeft(), 45)
    })
  })

  it('counts evaluations in between, at the pace of those that are done', async () => {
    const overall = timed([
      { part: 'evaluate dense', seconds: 1, firstShare: 0.1 },
      { part: 'recover 0', seconds: 10, firstShare: 0.1 },
      { part: 'evaluate between 0', seconds: 4, firstShare: 0.1 },
    ])
    await overall.part('evaluate dense', () => overall.after(60))
    await overall.part('recover 0', async () => {
      // As fast as planned: the steps that are left take 7 s, and four evaluations a minute each.
      overall.after(3, 0.3)
      near(overall.secondsLeft(), 7 + 4 * 60)
      await overall.within({ part: 'evaluate between 0', from: 0, to: 0.25 }, async () => {
        overall.after(30, 0.5)
        near(overall.secondsLeft(), 7 + 3.5 * 60)
        overall.after(30)
      })
      assert.equal(overall.share(), (1 + 3 + 1) / 15)
      // The time of the evaluation is none of the recovery's.
      overall.after(3, 0.6)
      near(overall.secondsLeft(), 4 + 3 * 60)
    })
  })

  it('begins a part that failed again, at what it had reached', async () => {
    const overall = timed()
    const failing = overall.part('prune', async () => {
      overall.after(12, 0.2)
      await overall.part('evaluate dense', () => Promise.reject(new Error('fails')))
    })
    await assert.rejects(failing)
    near(overall.share(), 0.12)
    await overall.part('prune', () => overall.after(30, 0.5))
    assert.equal(overall.share(), 0.6)
    assert.ok(Number.isFinite(overall.secondsLeft()))
  })

  it('counts no work that is no part of the plan', async () => {
    const overall = timed()
    await overall.part('prune', async () => {
      await overall.within(undefined, async () => overall.after(100, 0.9))
      overall.after(6, 0.1)
      near(overall.secondsLeft(), 10 + 54 + 30)
    })
  })

  it('has no time left where nothing is planned, or too little is done to have a pace', async () => {
    assert.equal(timed([]).secondsLeft(), null)
    const overall = timed()
    await overall.part('prune', () => {
      overall.after(1, Number.MIN_VALUE)
      assert.equal(overall.secondsLeft(), null)
    })
  })

  it('begins where a resumed run was, and takes no pace from what it skips', async () => {
    const done = new Map<WorkPart, number>([
      ['evaluate dense', 1],
      ['prune', 0.5],
    ])
    const overall = timed(parts, done)
    assert.equal(overall.share(), 0.4)
    await overall.part('prune', () => {
      overall.after(1, 0.25)
      overall.after(1, 0.5)
      assert.equal(overall.share(), 0.4)
      assert.equal(overall.secondsLeft(), null)
      // As slow as planned, from where it goes on.
      overall.after(15, 0.75)
      near(overall.secondsLeft(), 15 + 30)
    })
  })
})
