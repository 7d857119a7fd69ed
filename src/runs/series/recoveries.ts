// Recoveries of a run: names of recoveries and phases (numbered from 1 where there are several), what a report says of each, and what
// merging an adapter cut off.
import { groupedBy } from '../../formatting/lists.ts'
import type { PhasePart, RunPicture } from './foldRun.ts'
import { isBlockwise, type RecoverMode } from '../../recipe/modes.ts'
import type { ChosenAllocation, MergedUpdate, Movement } from './events.ts'
import type { PlannedRecovery, TrainableCount } from '../../plan/runPlan.ts'
import { formatShare } from '../../formatting/numbers.ts'
import type { ResolvedPruneStep } from '../../recipe/resolve.ts'
import type { PlannedTrial } from '../../plan/pruneEntry.ts'

const modes = ['reconstruct', 'refit', 'retrain', 'merge']

export const isRecovery = ({ phase }: Pick<PhasePart, 'phase'>): boolean => modes.includes(phase)

/** Modes of the run's recoveries in their order. For a run of an earlier version with a single recovery, its phases show the mode. */
export function modesOf({
  plan,
  recoveries,
  phases,
}: Pick<RunPicture, 'plan' | 'recoveries' | 'phases'>): readonly string[] {
  if (plan) return plan.recoveries
  return recoveries.length > 0 ? recoveries : [...new Set(phases.filter(isRecovery).map(({ phase }) => phase))]
}

/** Whether the recovery is in the same pass as pruning: until its end, the blocks that it has not reached are dense. */
export function followsPruning(picture: Pick<RunPicture, 'plan' | 'recoveries' | 'phases'>, recovery: number): boolean {
  return (
    picture.plan?.prunes !== false &&
    modesOf(picture)
      .slice(0, recovery + 1)
      .every((mode) => isBlockwise({ mode }))
  )
}

export function recoveryName(index: number, mode: string): string {
  return `${index + 1} ${mode}`
}

/** `retrain`, or `3 retrain` of several. */
export function phaseName({ phase, recovery }: { phase: string; recovery?: number }): string {
  return recovery === undefined ? phase : recoveryName(recovery, phase)
}

/** One recovery in a report. */
export interface RecoveryReport {
  mode: RecoverMode
  train: string[]
  steps: number
  /** null: it trains nothing, but solves for the weights, or merges an adapter. */
  trainable: TrainableCount | null
  /** What merging its adapter added to each matrix, and the share of all that fell on zeros and was cut off. */
  merged?: { cut: number; modules: Record<string, MergedUpdate> }
  /** How far it moved each tensor that it changed, by name in the checkpoint. */
  moved?: Record<string, Movement>
}

export function recoveryReport({ settings, count }: PlannedRecovery): RecoveryReport {
  const { mode, train, steps } = settings
  return { mode, train, steps, trainable: count }
}

// What merging an adapter under a mask cut off: shares of the squared norm of its updates, over matrices and kinds of matrices.

type MergedModules = Readonly<Record<string, MergedUpdate>>

/** Matrices of the same place in every block. */
interface MergedKind {
  /** Name inside the block; an expert's number is `*`. */
  readonly name: string
  readonly matrices: number
  readonly cut: number
  /** The least and the most of any of them. */
  readonly range: readonly [least: number, most: number]
}

/** Σ cut·norm² / Σ norm²; 0 where nothing was added. */
export function cutOfAll(updates: readonly MergedUpdate[]): number {
  let [all, cut] = [0, 0]
  for (const { norm, cut: share } of updates) {
    all += norm ** 2
    cut += share * norm ** 2
  }
  return all > 0 ? cut / all : 0
}

/** "18.2 % of the adapter's update (of its squared norm) fell on zeros and was cut off." */
export function cutText(modules: MergedModules): string {
  const updates = Object.values(modules)
  return `${formatShare(cutOfAll(updates), 1)} of the adapter's update (of its squared norm) fell on zeros and was cut off.`
}

export const mergedTitle = 'Merged adapter'
export const mergedHeads = ['matrix', 'number', 'cut off', 'from', 'to']

/** Texts of a table below `mergedHeads`: a row for each kind of matrix. */
export function mergedRows(modules: MergedModules): string[][] {
  return mergedKinds(modules).map(({ name, matrices, cut, range }) => [
    name,
    String(matrices),
    ...[cut, ...range].map((share) => formatShare(share, 1)),
  ])
}

/** In the order in which they come. */
function mergedKinds(modules: MergedModules): MergedKind[] {
  const kindOf = (module: string) => module.replace(/^.*?\.\d+\./, '').replace(/\.\d+(?=\.|$)/g, '.*')
  return [...groupedBy(Object.keys(modules), kindOf)].map(([name, own]) => {
    const updates = own.map((module) => modules[module])
    const cuts = updates.map(({ cut }) => cut).sort((a, b) => a - b)
    return { name, matrices: updates.length, cut: cutOfAll(updates), range: [cuts[0], cuts[cuts.length - 1]] }
  })
}

// What a run chose by trying: the setting of an allocation with the lowest loss of the pruned model.
/** Index of the lowest loss, the first of equal ones. NaN counts as Infinity. */
export function bestTrial(losses: readonly number[]): number {
  const known = losses.map((loss) => (Number.isNaN(loss) ? Infinity : loss))
  return Math.max(0, known.indexOf(Math.min(...known)))
}

/** `losses`: one for each value that is tried, in the same order. Returns an empty list while some are missing. */
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
