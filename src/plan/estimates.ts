// Memory, disk and time of a run, as every lens, dry run and sweep tells them.
import type { PlanSummary } from './planSummary.ts'
import type { LintFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { estimateDisk } from './disk.ts'
import { estimateMemory } from './memory.ts'
import { secondsOfParts, timedParts } from './time.ts'

export type Estimates = PlanSummary['estimates']

/** Bytes are 0 and seconds null where the model, or the machine, is not known. */
export function estimatesOf(recipe: ResolvedRecipe, { model, machine, data }: LintFacts): Estimates {
  const isKnown = model?.modelConfig ?? null
  const parts = model && isKnown && machine ? timedParts(recipe, model, machine, data) : null
  return {
    memoryBytes: model && isKnown ? estimateMemory(recipe, model, machine) : 0,
    diskBytes: model ? estimateDisk(recipe, model) : 0,
    seconds: parts && secondsOfParts(parts),
    secondsToPruneAgain: parts?.find(({ part }) => part === 'baseline')?.seconds ?? 0,
  }
}
