// What the runs of a sweep take together: what they share is done once.
import { largest } from '../format/lists.ts'
import type { LintFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { estimatesOf, type Estimates } from './estimates.ts'
import { denseSeconds } from './time.ts'

export interface RunOfSweepEstimates extends Estimates {
  /** Of the seconds, those that measure the dense model. */
  readonly dense: number
  /** The same for runs that measure the same of the same dense model. */
  readonly denseKey: string
}

export function estimateRunOfSweep(recipe: ResolvedRecipe, facts: LintFacts): RunOfSweepEstimates {
  const { model, precision, evaluate } = recipe
  const measured = evaluate.filter(({ at }) => at.includes('dense'))
  return {
    ...estimatesOf(recipe, facts),
    dense: facts.model && facts.machine ? denseSeconds(recipe, facts.model, facts.machine, facts.data) : 0,
    denseKey: JSON.stringify([model, precision, measured]),
  }
}

/**
 * `seconds`: one after the other with the whole machine for each; jobs side by side share it and take about as long.
 * `memoryBytes`: of one run, the largest. null: the time of a run is not known.
 */
export function estimateSweep(runs: readonly RunOfSweepEstimates[]): Estimates {
  const seen = new Set<string>()
  let [seconds, diskBytes] = [0 as number | null, 0]
  for (const run of runs) {
    const shared = seen.has(run.denseKey) ? run.dense : 0
    seen.add(run.denseKey)
    seconds = seconds === null || run.seconds === null ? null : seconds + run.seconds - shared
    diskBytes += run.diskBytes
  }
  return { seconds, diskBytes, memoryBytes: largest(runs, 0, ({ memoryBytes }) => memoryBytes) }
}
