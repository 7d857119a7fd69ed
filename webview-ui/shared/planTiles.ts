// What a plan comes to, in tiles.
import { formatBytes } from '../../src/formatting/byteSize.ts'
import { formatCompact, formatCount, formatTrained } from '../../src/formatting/numbers.ts'
import { plural } from '../../src/formatting/plural.ts'
import { likelyDuration } from '../../src/plan/pace.ts'
import type { PlanSummary } from '../../src/plan/planSummary.ts'
import type { Tile } from './parts.tsx'

/** `runs`: how many of them there are side by side; all but the last tile are of one. */
export function planTiles(plan: PlanSummary, runs = 1): Tile[] {
  const { percentage, trainable, parameters, prunedModules, recoveries } = plan
  const { seconds, secondsToPruneAgain, pace, memoryBytes, diskBytes } = plan.estimates
  const lasts = (planned: number, what: string): Tile => [likelyDuration(planned, pace), what]
  const trained = `trained: ${formatCount(trainable)} of ${formatCompact(parameters)}`
  const again = 'of it to prune once more, for a pruned perplexity'
  const learnt = pace.runs > 0 ? `time, as ${plural(pace.runs, 'run')} here took` : 'time, estimated'
  return [
    ...(seconds === null ? [] : [lasts(seconds, learnt)]),
    [formatBytes(memoryBytes), 'memory, estimated'],
    [formatBytes(diskBytes), 'disk, estimated'],
    [formatCount(prunedModules), 'matrices to prune'],
    ...(recoveries.length > 0 ? [[formatTrained(percentage), trained] as const] : []),
    ...(seconds !== null && secondsToPruneAgain > 0 ? [lasts(secondsToPruneAgain, again)] : []),
    ...(seconds !== null && runs > 1 ? [lasts(seconds * runs, 'time of all')] : []),
  ]
}
