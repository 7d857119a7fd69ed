// A retraining, alone and after a reconstruction.
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { recordedRun } from './recorded.ts'

/** Magnitude pruning and a retraining of 40 steps, measured every tenth. */
export function recordedRetraining(): RunEvent[] {
  let t = 0
  const at = { type: 'eval', entry: 0, task: 'perplexity', data: 'data/wikitext2-test.txt', seq_len: 2048 } as const
  const stages = ['dense', 'pruned', 'recovered'] as const
  const plan = { prunes: true, recoveries: ['retrain'], measures: stages }
  const facts = { model: 'opt-125m', device: 'cpu', description: 'OpenBLAS, 2 threads', version: '0.1.0', blocks: 2 }
  const events: RunEvent[] = [
    { t, type: 'start', name: 'opt-125m-retrain', ...facts, plan },
    { t: (t += 10), type: 'phase', phase: 'evaluate' },
    { t: (t += 900), ...at, stage: 'dense', perplexity: 27.65 },
    { t: (t += 10), type: 'phase', phase: 'prune' },
    { t: (t += 700), type: 'phase', phase: 'evaluate' },
    { t: (t += 900), ...at, stage: 'pruned', perplexity: 67.65 },
    { t: (t += 10), type: 'phase', phase: 'retrain' },
  ]
  for (let step = 1; step <= 40; step++) {
    const loss = step === 7 ? null : 3.4 + 0.5 * Math.exp(-step / 12)
    events.push({ t: (t += 40), type: 'step', step, loss, lr: 5e-4, tokens_per_second: 4100 })
    if (step % 8 === 1)
      events.push({
        t,
        type: 'progress',
        phase: 'retrain',
        done: step,
        total: 40,
        unit: 'steps',
        eta_s: 9,
        overall: 0.5,
      })
    if (step % 10 === 0 && step < 40)
      events.push({ t, ...at, stage: 'recovered', step, perplexity: 27.65 + 40 * Math.exp(-step / 12) })
  }
  events.push({ t: (t += 10), type: 'phase', phase: 'evaluate' })
  events.push({ t: t + 900, ...at, stage: 'recovered', perplexity: 29.65 })
  return events
}

/** A reconstruction, and then a retraining. */
export function recordedBoth(): RunEvent[] {
  const [run, retraining] = [recordedRun(12), recordedRetraining()]
  const recoveries = ['reconstruct', 'retrain']
  const start = {
    ...run[0],
    recoveries,
    plan: { prunes: true, recoveries, measures: ['dense', 'pruned', 'recovered'] },
  }
  const isOfRetraining = (event: RunEvent) =>
    event.type === 'step' ||
    (event.type === 'eval' && event.step !== undefined) ||
    (event.type === 'phase' && event.phase === 'retrain')
  const later = retraining.slice(1).map((event) => (isOfRetraining(event) ? { ...event, recovery: 1 } : event))
  return [start as RunEvent, ...run.slice(3, -4), ...later]
}
