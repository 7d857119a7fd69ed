// What a plan comes to, in tiles.
import { formatBytes, formatCompact, formatCount, formatTrained, roughDuration } from '../../src/formatting/numbers.ts'
import type { PlanSummary } from '../../src/plan/planSummary.ts'
import type { Tile } from './parts.tsx'

/** `runs`: how many of them there are side by side; all but the last tile are of one. */
export function planTiles(plan: PlanSummary, runs = 1): Tile[] {
  const { percentage, trainable, parameters, prunedModules, recoveries } = plan
  const { seconds, secondsToPruneAgain, memoryBytes, diskBytes } = plan.estimates
  const trained = `trained: ${formatCount(trainable)} of ${formatCompact(parameters)}`
  const again = 'of it to prune once more, for a pruned perplexity'
  return [
    ...(seconds === null ? [] : [[roughDuration(seconds), 'time, estimated'] as const]),
    [formatBytes(memoryBytes), 'memory, estimated'],
    [formatBytes(diskBytes), 'disk, estimated'],
    [formatCount(prunedModules), 'matrices to prune'],
    ...(recoveries.length > 0 ? [[formatTrained(percentage), trained] as const] : []),
    ...(seconds !== null && secondsToPruneAgain > 0 ? [[roughDuration(secondsToPruneAgain), again] as const] : []),
    ...(seconds !== null && runs > 1 ? [[roughDuration(seconds * runs), 'time of all'] as const] : []),
  ]
}
