// How far the whole run is, and how long it still takes: its parts weighted by the planned time (shared/plan/time.ts),
// the time that is left by the pace of finished runs, and more and more by what this one has measured.
import { unknownPace, type Pace } from '../../../shared/plan/pace.ts'
import { passesOf } from '../../../shared/plan/passes.ts'
import type { PlannedPart, WorkPart } from '../../../shared/plan/time.ts'
import { isAskedAt, tries } from '../../../shared/plan/time.ts'
import type { Stage } from '../../../shared/series/stages.ts'
import type { ResolvedRecipe } from '../../../shared/recipe/resolve.ts'
import type { RunProgress } from './progress.ts'

export interface Overall {
  /** Times are milliseconds of work: a clock that stands still while the run is paused. */
  enter(part: WorkPart, now: number): void
  leave(part: WorkPart, now: number): void
  /** The part is done so far, 0 to 1. Never goes back. */
  reach(part: WorkPart, fraction: number, now: number): void
  /** 0 to 1; never falls. */
  share(): number
  /** At least and at most; null where nothing is planned, or a pace is no number. */
  secondsLeft(now: number): readonly [least: number, most: number] | null
}

/** The point from which the pace of a part is measured. */
interface Origin {
  readonly part: WorkPart
  readonly at: number
  readonly fraction: number
}

/** Less than this says nothing about the pace. */
const leastSeconds = 0.5
/** What has been measured tells the rest within this factor. */
const measuredWithin = 1.1
/** Share of the whole plan that, once measured, weighs as much as what finished runs say. */
const halfOfWhole = 0.1
/** Fraction of a part from which its own pace weighs as much as that of the run. */
const halfOfPart = 0.02

interface OverallOptions {
  /** How fast finished runs were: what is left goes by it until enough has been measured. */
  readonly pace?: Pace
  /** What earlier sessions of the run have finished. */
  readonly done?: ReadonlyMap<WorkPart, number>
}

export function createOverall(parts: readonly PlannedPart[], options: OverallOptions = {}): Overall {
  const { pace: learned = unknownPace, done = new Map<WorkPart, number>() } = options
  const planned = new Map(parts.map(({ part, seconds }) => [part, seconds]))
  const fractions = new Map(parts.map(({ part }) => [part, clamp(done.get(part) ?? 0)]))
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0)
  const secondsOf = (part: WorkPart) => planned.get(part) ?? 0
  const fractionOf = (part: WorkPart) => fractions.get(part) ?? 0
  /** Seconds that finished parts took, and seconds that were planned for what was done of them. */
  let spent = 0
  let gained = 0
  let origin: Origin | null = null
  let isPassing = false
  const currentOf = (now: number) => {
    if (!origin) return { spent: 0, gained: 0, fraction: 0 }
    const fraction = fractionOf(origin.part) - origin.fraction
    return { spent: (now - origin.at) / 1000, gained: fraction * secondsOf(origin.part), fraction }
  }
  return {
    enter(part, now) {
      origin = { part, at: now, fraction: fractionOf(part) }
      // A resumed run first walks past what is finished, which tells nothing about the pace of the rest.
      isPassing = origin.fraction > 0
    },
    reach(part, fraction, now) {
      if (!planned.has(part)) return
      fractions.set(part, Math.max(fractionOf(part), clamp(fraction)))
      if (isPassing && origin?.part === part) origin = { part, at: now, fraction: fractionOf(part) }
      isPassing &&= fraction < fractionOf(part)
    },
    leave(part, now) {
      if (planned.has(part)) fractions.set(part, 1)
      const current = currentOf(now)
      spent += current.spent
      gained += current.gained
      origin = null
    },
    share() {
      if (total === 0) return 0
      return parts.reduce((sum, { part, seconds }) => sum + fractionOf(part) * seconds, 0) / total
    },
    secondsLeft(now) {
      const current = currentOf(now)
      const measured = { spent: spent + current.spent, gained: gained + current.gained }
      const pace = measuredPace(learned, measured, measured.gained / total / halfOfWhole)
      const own = measuredPace(pace, current, current.fraction / halfOfPart)
      const left = (end: 'low' | 'high') =>
        parts.reduce((sum, { part, seconds }) => {
          const whole = seconds * (part === origin?.part ? own : pace)[end]
          return sum + (1 - fractionOf(part)) * whole
        }, 0)
      const range = [left('low'), left('high')] as const
      // A pace from too little work is not finite.
      return total > 0 && range.every(Number.isFinite) ? range : null
    },
  }
}

/** A pace, moved towards the one that has been measured, whose weight is `trust` beside its own of 1. */
function measuredPace(
  { low, high, runs }: Pace,
  { spent, gained }: { spent: number; gained: number },
  trust: number,
): Pace {
  if (gained <= 0 || spent < leastSeconds) return { low, high, runs }
  const measured = spent / gained
  const towards = (from: number, to: number) => Math.exp((Math.log(from) + trust * Math.log(to)) / (1 + trust))
  return { low: towards(low, measured / measuredWithin), high: towards(high, measured * measuredWithin), runs }
}

/** Fractions of the parts that a resumed run has behind it. */
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
  return new Map<WorkPart, number>([
    ['evaluate dense', measured('dense')],
    ['allocate', finishedBlocks > 0 ? 1 : trialLosses.length / Math.max(1, tries(recipe))],
    ['baseline', measured('pruned') > 0 || pruned.saved !== null ? 1 : 0],
    ['prune', finishedBlocks / numBlocks],
    ['evaluate pruned', measured('pruned')],
    ...passes,
    ['evaluate recovered', measured('recovered')],
    ['save pruned', pruned.saved === null ? 0 : 1],
    ['save result', saved === null ? 0 : 1],
    ['save gguf', gguf.saved === null ? 0 : 1],
  ])
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction))
}
