// What a run says of its own progress: that of the whole of it, without its pauses.
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { run, runPlace } from '../../support/runs.ts'
import { safetensors } from '../../support/safetensors.ts'
import { goldenPath } from '../../support/shared.ts'

describe('progress of a run', () => {
  const here = runPlace()
  const [model, data] = [goldenPath('opt'), goldenPath('opt', 'prune', 'calib.safetensors')]

  const prune = [{ method: 'wanda', sparsity: 0.5 }]
  const evaluate = (more: object = {}) => [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'], ...more }]
  const training = { steps: 40, train: ['bias', 'norm'], lr: 1e-4 }
  const cases = () => ({
    'pruning alone': { prune, evaluate: evaluate() },
    'reconstruction, measured in between': {
      prune,
      recover: { mode: 'reconstruct', ...training },
      evaluate: evaluate({ every: 1 }),
    },
    'retraining, measured in between': {
      prune,
      recover: { mode: 'retrain', data, samples: 16, seq_len: 16, ...training },
      evaluate: [...evaluate({ every: 10 }), { data, seq_len: 8, at: ['dense'] }],
    },
  })

  for (const what of [
    'pruning alone',
    'reconstruction, measured in between',
    'retraining, measured in between',
  ] as const)
    it(`${what}: the share of the whole never falls, covers every part, and is reported with the phase`, async () => {
      const events: RunEvent[] = []
      const calibration = { data, samples: 16, seq_len: 16 }
      const path = here.place.recipe('a', { version: 1, model, calibration, ...cases()[what], save: { to: 'out' } })
      await run(here.backend, { recipe: path, onEvent: (event) => events.push(event) })
      const told = events.filter((event) => event.type === 'progress')
      const shares = told.flatMap(({ overall }) => (overall === undefined ? [] : [overall]))
      assert.ok(shares.length >= 4)
      assert.ok(shares.every((share, i) => share <= 1 && share >= (shares[i - 1] ?? 0)))
      assert.ok(shares[0] < 0.5 && shares.at(-1)! > 0.9, `from ${shares[0]} to ${shares.at(-1)}`)
      const known = told.findIndex(({ eta_s: eta }) => eta !== null)
      assert.ok(known >= 0 && known < told.length / 2, `the time left is known from ${known} of ${told.length}`)
      assert.ok(told.slice(known).every(({ eta_s: eta }) => eta !== null && eta >= 0))
      assert.ok(told.every(({ phase, done, total, unit }) => phase !== '' && done <= total && unit !== ''))
    })

  for (const what of ['reconstruction, measured in between', 'retraining, measured in between'] as const)
    it(`${what}: each evaluation reports its windows, as a phase of its own, and the recovery continues after it`, async () => {
      const events: RunEvent[] = []
      const calibration = { data, samples: 16, seq_len: 16 }
      const path = here.place.recipe('a', { version: 1, model, calibration, ...cases()[what], save: { to: 'out' } })
      await run(here.backend, { recipe: path, onEvent: (event) => event.type !== 'memory' && events.push(event) })
      const between = events.flatMap((event, i) => (event.type === 'eval' && event.step !== undefined ? [i] : []))
      assert.ok(between.length > 0)
      for (const at of between) {
        const begun = events.slice(0, at).findLastIndex(({ type }) => type === 'phase')
        const told = events.slice(begun, at).filter((event) => event.type === 'progress')
        assert.deepEqual(
          told.map(({ phase, unit }) => [phase, unit]),
          told.map(() => ['evaluate', 'windows']),
        )
        const last = told.at(-1)
        assert.ok(last && last.done === last.total && last.total > 1)
        const next = events.slice(at).find(({ type }) => type === 'phase')
        assert.ok(next?.type === 'phase' && next.phase !== 'evaluate')
        const after = events[events.indexOf(next) + 1]
        if (next.phase === 'retrain') assert.ok(after.type === 'progress' && after.unit === 'steps')
      }
    })

  it('waits between the windows that it measures while it is paused', async () => {
    const ids = { dtype: 'I32', shape: [256, 16], data: new Uint8Array(4 * 256 * 16) }
    const text = here.place.write('ids.safetensors', safetensors({ ids }))
    let phase = ''
    const waited: string[] = []
    await run(here.backend, {
      recipe: here.place.recipe('a', {
        version: 1,
        model,
        prune: [{ method: 'magnitude', sparsity: 0.5 }],
        evaluate: [{ data: text, seq_len: 16, at: ['dense'] }],
      }),
      onEvent: (event) => event.type === 'phase' && (phase = event.phase),
      pausePoint: () => Promise.resolve(void waited.push(phase)),
    })
    assert.ok(waited.includes('evaluate'), waited.join(', '))
  })

  it('counts no pause as time of the run, its phases or its blocks', async () => {
    const pauseMs = 700
    let paused = 0
    const events: RunEvent[] = []
    const begun = performance.now()
    const recover = { mode: 'reconstruct', ...training, steps: 5 }
    const report = await run(here.backend, {
      recipe: here.place.recipe('a', {
        version: 1,
        model,
        prune,
        calibration: { data, samples: 16, seq_len: 16 },
        recover,
      }),
      onEvent: (event) => events.push(event),
      pausePoint: async () => {
        if (paused++ === 0) await setTimeout(pauseMs)
      },
    })
    const most = (performance.now() - begun - pauseMs) / 1000 + 0.002
    assert.ok(paused > 1)
    assert.ok(report.seconds.total <= most, `${report.seconds.total} s of ${most}`)
    const { total: _, ...phases } = report.seconds
    assert.ok(Object.values(phases).reduce((a, b) => a + b, 0) <= most)
    assert.ok(report.blocks.reduce((sum, { seconds }) => sum + seconds, 0) <= most)
    assert.ok(events.at(-1)!.t / 1000 <= most)
  })
})
