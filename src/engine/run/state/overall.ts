// Progress of the whole run: its parts weighted by the planned time (plan/time.ts). The time left is measured:
// a part continues at the pace of its first block or its first ten steps.
import { passesOf, timesBetween } from '../../../plan/passes.ts'
import { tries } from '../../../plan/pruneEntry.ts'
import { isAskedAt, type PlannedPart, type WorkPart } from '../../../plan/time.ts'
import type { Stage } from '../../../catalog/stages.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import type { RunProgress } from './progress.ts'

/** A part of the planned work, and the fractions of it, 0 to 1, that are done before and after the counted work. */
export interface Share {
  readonly part: WorkPart
  readonly from: number
  readonly to: number
}

export interface Overall {
  /** Counts the body's progress as `share`, and suspends the share around it. Without `share` the body is no part of the plan. */
  within<T>(share: Share | undefined, body: () => Promise<T>): Promise<T>
  /** Sets the fraction of the current share that is done, 0 to 1. The fraction of a part never falls. */
  reach(done: number): void
  /** Share of the whole run, 0 to 1; never falls. */
  share(): number
  /** Estimate from the pace so far; null before enough has been measured. */
  secondsLeft(): number | null
}

interface Visit extends Share {
  /** Time up to which its seconds have been counted. */
  since: number
  /** A resumed run first passes over finished blocks, whose pace is not that of the rest. */
  isPassing: boolean
}

interface Measured {
  /** `spent`: seconds that the work took. `gained`: seconds that were planned for the same work. */
  readonly spent: number
  readonly gained: number
}

/** Parts of the same kind of work have the same pace: the time of the dense model's evaluation predicts the others. */
const kindOf = (part: WorkPart): string => (part.startsWith('evaluate') ? 'evaluate' : part)

/**
 * `now`: milliseconds of work, on a clock that stops while the run is paused. `done`: what earlier sessions of the run have finished of
 * each part, 0 to 1.
 */
export function createOverall(
  parts: readonly PlannedPart[],
  now: () => number,
  done: ReadonlyMap<WorkPart, number> = new Map(),
): Overall {
  const planned = new Map(parts.map(({ part, seconds }) => [part, seconds]))
  const fractions = new Map(parts.map(({ part }) => [part, clamp(done.get(part) ?? 0)]))
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0)
  const fractionOf = (part: WorkPart) => fractions.get(part) ?? 0
  /** By kind. */
  const measured = new Map<string, Measured>()
  let current: Visit | undefined
  /** Counts the time of the current part up to now, and the planned seconds that it has `gained`. */
  const count = (gained = 0) => {
    if (!current) return
    const kind = kindOf(current.part)
    const spent = (now() - current.since) / 1000
    measured.set(kind, together([measured.get(kind) ?? nothing, { spent, gained }]))
    current.since = now()
  }
  /** Raises the fraction of a part. Returns the planned seconds of that rise. */
  const raise = (part: WorkPart, fraction: number) => {
    const before = fractionOf(part)
    if (planned.has(part)) fractions.set(part, Math.max(before, clamp(fraction)))
    return (fractionOf(part) - before) * (planned.get(part) ?? 0)
  }
  return {
    async within(share, body) {
      const around = current
      count()
      current = share && { ...share, since: now(), isPassing: fractionOf(share.part) > 0 }
      try {
        const result = await body()
        if (share) count(raise(share.part, share.to))
        return result
      } finally {
        count()
        current = around
        if (current) current.since = now()
      }
    },
    reach(share) {
      if (!current) return
      const { part, from, to } = current
      const fraction = from + (to - from) * share
      const gained = raise(part, fraction)
      if (!current.isPassing) return count(gained)
      current.since = now()
      current.isPassing = fraction < fractionOf(part)
    },
    share() {
      if (total === 0) return 0
      return parts.reduce((sum, { part, seconds }) => sum + fractionOf(part) * seconds, 0) / total
    },
    secondsLeft() {
      // One block, or ten steps, of any part of a kind is enough to know the pace of the kind.
      const isEnough = ([kind, { gained }]: [string, Measured]) =>
        parts.some((one) => kindOf(one.part) === kind && gained >= one.firstShare * one.seconds)
      const paces = new Map([...measured].filter(isEnough))
      if (paces.size === 0) return null
      // Kinds that have not been measured are assumed to have the mean pace of those that have.
      const whole = together([...paces.values()])
      return parts.reduce((sum, { part, seconds }) => {
        const { spent, gained } = paces.get(kindOf(part)) ?? whole
        return sum + ((1 - fractionOf(part)) * seconds * spent) / gained
      }, 0)
    },
  }
}

const nothing: Measured = { spent: 0, gained: 0 }

function together(measured: readonly Measured[]): Measured {
  return {
    spent: measured.reduce((sum, { spent }) => sum + spent, 0),
    gained: measured.reduce((sum, { gained }) => sum + gained, 0),
  }
}

/** The next measurement of an entry in the middle of a recovery, as a share of all such measurements. */
export function shareBetween(
  { evaluations }: Pick<RunProgress, 'evaluations'>,
  recipe: ResolvedRecipe,
  numBlocks: number,
  entry: number,
): Share {
  const all = Math.max(1, timesBetween(recipe, numBlocks, recipe.evaluate[entry].every))
  const done = evaluations.filter((e) => e.entry === entry && e.step !== undefined).length
  return { part: `evaluate between ${entry}`, from: clamp(done / all), to: clamp((done + 1) / all) }
}

/** The fraction of each part that earlier sessions of a run have finished. */
export function finishedParts(
  {
    trialLosses,
    finishedBlocks,
    recoveredPasses,
    walkedBlocks,
    trainedSteps,
    evaluations,
    saved,
    pruned,
    gguf,
  }: RunProgress,
  recipe: ResolvedRecipe,
  numBlocks: number,
): Map<WorkPart, number> {
  const { later } = passesOf(recipe.recover, recipe.prune.length > 0)
  const passes = later.map(({ blockwise, recoveries }, i): [WorkPart, number] => {
    const [first] = recoveries
    const begun = blockwise || first.mode === 'merge' ? walkedBlocks / numBlocks : trainedSteps / first.steps
    return [`recover ${i}`, i < recoveredPasses ? 1 : i > recoveredPasses ? 0 : begun]
  })
  const measured = (stage: Stage) => {
    const asked = recipe.evaluate.filter((e) => isAskedAt(e, stage, recipe)).length
    return evaluations.filter((e) => e.stage === stage && e.step === undefined).length / Math.max(1, asked)
  }
  const between = recipe.evaluate.map((_, entry): [WorkPart, number] => {
    const { part, from } = shareBetween({ evaluations }, recipe, numBlocks, entry)
    return [part, from]
  })
  return new Map<WorkPart, number>([
    ['evaluate dense', measured('dense')],
    ['allocate', finishedBlocks > 0 ? 1 : trialLosses.length / Math.max(1, tries(recipe))],
    ['baseline', measured('pruned') > 0 || pruned.saved !== null ? 1 : 0],
    ['prune', finishedBlocks / numBlocks],
    ['evaluate pruned', measured('pruned')],
    ...passes,
    ...between,
    ['evaluate recovered', measured('recovered')],
    ['save pruned', pruned.saved === null ? 0 : 1],
    ['save result', saved === null ? 0 : 1],
    ['save gguf', gguf.saved === null ? 0 : 1],
  ])
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction))
}
