// Progress of the whole run: its parts weighted by the planned time (plan/time.ts). The time left is measured:
// a part continues at the pace of its first block or its first ten steps.
import { passesOf, timesBetweenAll } from '../../../plan/passes.ts'
import { tries } from '../../../plan/pruneEntry.ts'
import { isAskedAt, type PlannedPart, type WorkPart } from '../../../plan/time.ts'
import type { Stage } from '../../../catalog/stages.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import type { RunProgress } from './progress.ts'

export interface Overall {
  /** Times are milliseconds of work, on a clock that stops while the run is paused. */
  enter(part: WorkPart, now: number): void
  /** The part is done up to `fraction`, 0 to 1. */
  leave(part: WorkPart, now: number, fraction?: number): void
  /** The part is done so far, 0 to 1. Never goes back. */
  reach(part: WorkPart, fraction: number, now: number): void
  /** 0 to 1; never falls. */
  share(): number
  /** By what has been measured so far; null before that is enough. */
  secondsLeft(now: number): number | null
}

/** A part that has begun and not ended; another may interrupt it. */
interface Visit {
  readonly part: WorkPart
  /** How much of it was done when its pace began to be measured, 0 to 1. */
  from: number
  /** Milliseconds up to `since`, without interruptions. */
  spent: number
  /** When it began, or went on after an interruption. */
  since: number
  /** A resumed run first passes over finished blocks, whose pace is not that of the rest. */
  isPassing: boolean
}

interface Measured {
  /** Seconds that it took, and seconds that were planned for it. */
  readonly spent: number
  readonly gained: number
}

/** Parts of the same kind of work have the same pace: the time of the dense model's evaluation predicts the others. */
const kindOf = (part: WorkPart): string => (part.startsWith('evaluate') ? 'evaluate' : part)

/** `done`: what earlier sessions of the run have finished of each part, 0 to 1. */
export function createOverall(parts: readonly PlannedPart[], done: ReadonlyMap<WorkPart, number> = new Map()): Overall {
  const planned = new Map(parts.map(({ part, seconds }) => [part, seconds]))
  const fractions = new Map(parts.map(({ part }) => [part, clamp(done.get(part) ?? 0)]))
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0)
  const secondsOf = (part: WorkPart) => planned.get(part) ?? 0
  const fractionOf = (part: WorkPart) => fractions.get(part) ?? 0
  const raise = (part: WorkPart, fraction: number) => {
    if (planned.has(part)) fractions.set(part, Math.max(fractionOf(part), clamp(fraction)))
  }
  /** Finished visits, by kind; the last of `open` is in progress and interrupts those before it. */
  const over = new Map<string, Measured>()
  const open: Visit[] = []
  const measuredOf = (visit: Visit, now: number): Measured => {
    const goesOn = visit === open.at(-1) ? now - visit.since : 0
    return {
      spent: (visit.spent + goesOn) / 1000,
      gained: (fractionOf(visit.part) - visit.from) * secondsOf(visit.part),
    }
  }
  const close = (visit: Visit, now: number) => {
    const kind = kindOf(visit.part)
    over.set(kind, together([over.get(kind) ?? nothing, measuredOf(visit, now)]))
    open.pop()
    const interrupted = open.at(-1)
    if (interrupted) interrupted.since = now
  }
  return {
    enter(part, now) {
      // It failed, and is begun again.
      while (open.some((visit) => visit.part === part)) close(open[open.length - 1], now)
      const interrupted = open.at(-1)
      if (interrupted) interrupted.spent += now - interrupted.since
      open.push({ part, from: fractionOf(part), spent: 0, since: now, isPassing: fractionOf(part) > 0 })
    },
    reach(part, fraction, now) {
      const visit = open.at(-1)
      raise(part, fraction)
      if (visit?.part !== part || !visit.isPassing) return
      Object.assign(visit, { from: fractionOf(part), spent: 0, since: now })
      visit.isPassing = fraction < fractionOf(part)
    },
    leave(part, now, fraction = 1) {
      raise(part, fraction)
      if (!open.some((visit) => visit.part === part)) return
      for (let last = open.at(-1); last; last = open.at(-1)) {
        close(last, now)
        if (last.part === part) return
      }
    },
    share() {
      if (total === 0) return 0
      return parts.reduce((sum, { part, seconds }) => sum + fractionOf(part) * seconds, 0) / total
    },
    secondsLeft(now) {
      const byKind = new Map(over)
      for (const visit of open) {
        const kind = kindOf(visit.part)
        byKind.set(kind, together([byKind.get(kind) ?? nothing, measuredOf(visit, now)]))
      }
      // A block, or ten steps, of any part of a kind gives the pace of the kind.
      const isEnough = ([kind, { gained }]: [string, Measured]) =>
        parts.some((one) => kindOf(one.part) === kind && gained >= one.firstShare * one.seconds)
      const paces = new Map([...byKind].filter(isEnough))
      if (paces.size === 0) return null
      // Kinds that have not been measured are assumed as fast as those that have.
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

/** How much of an entry's measurements in between is done, before and after the next of them, 0 to 1. */
export function shareBetween(
  { evaluations }: Pick<RunProgress, 'evaluations'>,
  recipe: ResolvedRecipe,
  numBlocks: number,
  entry: number,
): readonly [from: number, to: number] {
  const all = Math.max(1, timesBetweenAll(recipe, numBlocks, recipe.evaluate[entry].every))
  const done = evaluations.filter((e) => e.entry === entry && e.step !== undefined).length
  return [clamp(done / all), clamp((done + 1) / all)]
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
  const between = recipe.evaluate.map((_, entry): [WorkPart, number] => [
    `evaluate between ${entry}`,
    shareBetween({ evaluations }, recipe, numBlocks, entry)[0],
  ])
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
