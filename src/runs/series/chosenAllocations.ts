// What a run chose by trying: the setting of an allocation with the lowest loss of the pruned model.
import type { ResolvedPruneStep } from '../../recipe/resolve.ts'
import type { ChosenAllocation } from './events.ts'
import type { PlannedTrial } from '../../plan/pruneEntries.ts'

/** Index of the lowest loss, of equal ones the first. What is not a number is chosen only where all are. */
export function bestTrial(losses: readonly number[]): number {
  const known = losses.map((loss) => (Number.isNaN(loss) ? Infinity : loss))
  return Math.max(0, known.indexOf(Math.min(...known)))
}

/** `losses`: by the place of a value among those that are tried. Empty while some are missing. */
export function chosenAllocations(trials: readonly PlannedTrial[], losses: readonly number[]): ChosenAllocation[] {
  if (losses.length === 0 || losses.length < tryCount(trials)) return []
  const best = bestTrial(losses)
  return trials.map(({ step, name, key, choices }) => ({
    step,
    allocation: name,
    key,
    value: choices[best].value,
    tried: choices.map(({ value }, i) => ({ value, loss: Number.isFinite(losses[i]) ? losses[i] : null })),
  }))
}

/** All steps are tried together, each with its first value, its second, and so on. */
export function tryCount(trials: readonly PlannedTrial[]): number {
  return trials.length > 0 ? Math.min(...trials.map(({ choices }) => choices.length)) : 0
}

/** The steps with numbers in place of what the run chose. */
export function settledSteps(
  steps: readonly ResolvedPruneStep[],
  chosen: readonly ChosenAllocation[],
): ResolvedPruneStep[] {
  return steps.map((step, i) => {
    const own = chosen.find((one) => one.step === i && one.allocation === step.allocation)
    return own ? { ...step, [step.allocation]: { ...step[step.allocation], [own.key]: own.value } } : step
  })
}
