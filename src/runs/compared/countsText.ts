// How far a sweep is, in one line.
import type { SweepRunState } from './sweepTable.ts'

const others = ['failed', 'cancelled', 'running', 'waiting'] as const

/** "7 of 12 done, 1 failed, 2 running" */
export function countsText(states: readonly SweepRunState[]): string {
  const count = (state: SweepRunState) => states.filter((one) => one === state).length
  const rest = others.filter((state) => count(state) > 0).map((state) => `${count(state)} ${state}`)
  return [`${count('done')} of ${states.length} done`, ...rest].join(', ')
}
