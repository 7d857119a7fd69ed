// Sentences for people about runs that failed.
import type { SweepRunState } from './sweepTable.ts'

export interface EndedRun {
  readonly name: string
  readonly state: SweepRunState
  /** Why it did not end well. */
  readonly message: string | null
}

/** "failed NAME: why", for each that failed. */
export function failureTexts(runs: readonly EndedRun[]): string[] {
  const failed = runs.filter(({ state }) => state === 'failed')
  return failed.map(({ name, message }) => `failed ${name}${message === null ? '' : `: ${message}`}`)
}
