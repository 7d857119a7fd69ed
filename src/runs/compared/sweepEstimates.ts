// Estimates for the runs of a sweep together: work that they share is done once.
import { largest } from '../../formatting/lists.ts'
import type { LintFacts } from '../../recipe/facts.ts'
import { resolveRecipe, type ResolvedRecipe } from '../../recipe/resolve.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { expandSweep } from '../../recipe/sweep/expandSweep.ts'
import { prunesFirst, pruningOf } from '../../plan/passes.ts'
import { estimatesOf, type Estimates } from '../../plan/planRecipe.ts'
import { isAskedAt, timedParts, type WorkPart } from '../../plan/time.ts'

/** Work that a run shares with others. */
export interface SharedPart {
  /** The same for the same work. */
  readonly key: string
  /** The work's part of the run's seconds. */
  readonly seconds: number
}

export interface RunOfSweepEstimates extends Estimates {
  readonly shared: readonly SharedPart[]
}

export interface SweepEstimates extends Omit<Estimates, 'secondsToPruneAgain'> {
  readonly numRuns: number
  /** Whether any work is done once for several runs. */
  readonly shares: boolean
}

export function estimateRunOfSweep(recipe: ResolvedRecipe, facts: LintFacts): RunOfSweepEstimates {
  return { ...estimatesOf(recipe, facts), shared: sharedParts(recipe, facts) }
}

/**
 * Work that only the first of the runs that share it does: measuring the dense model with the same entries of `evaluate`; the same
 * pruning, where it precedes any recovery; and measuring the pruned model.
 */
function sharedParts(recipe: ResolvedRecipe, { model, machine, data }: LintFacts): SharedPart[] {
  if (!model || !machine) return []
  const parts = timedParts(recipe, model, machine, data)
  const pruning = pruningOf(recipe)
  const asked = (stage: 'dense' | 'pruned') =>
    recipe.evaluate.map((one) => {
      const { at: _at, every: _every, ...question } = one
      return isAskedAt(one, stage, recipe) ? question : null
    })
  const shared = (key: readonly unknown[], ...names: WorkPart[]): SharedPart => {
    const seconds = parts.reduce((sum, { part, seconds: own }) => sum + (names.includes(part) ? own : 0), 0)
    return { key: JSON.stringify([names[0], ...key]), seconds }
  }
  return [
    shared([recipe.model, recipe.precision, asked('dense')], 'evaluate dense'),
    ...(pruning === null ? [] : [shared([pruning, asked('pruned')], 'evaluate pruned', 'baseline')]),
    ...(prunesFirst(recipe) ? [shared([pruning], 'prune')] : []),
  ].filter(({ seconds }) => seconds > 0)
}

/**
 * `seconds`: for runs one after the other, each with the whole machine; parallel jobs share the machine and take about as long. null:
 * the time of a run is not known. `memoryBytes`: of the largest run. `numRuns`: number of runs in the sweep, of which `runs` may be a
 * sample.
 */
export function estimateSweep(runs: readonly RunOfSweepEstimates[], numRuns = runs.length): SweepEstimates {
  const wanted = countOf(runs.flatMap(({ shared }) => shared.map(({ key }) => key)))
  const done = new Map<string, number>()
  let [own, diskBytes] = [0 as number | null, 0]
  for (const { seconds, shared, diskBytes: bytes } of runs) {
    // Work that only one of the sampled runs has does not count as shared: it is scaled to all runs.
    const common = shared.filter(({ key }) => (wanted.get(key) ?? 0) > 1)
    for (const work of common) done.set(work.key, work.seconds)
    own = own === null || seconds === null ? null : own + seconds - secondsOf(common)
    diskBytes += bytes
  }
  const times = numRuns / runs.length
  const shares = done.size > 0
  const seconds = own === null ? null : times * own + [...done.values()].reduce((sum, one) => sum + one, 0)
  const memoryBytes = largest(runs, 0, (run) => run.memoryBytes)
  return { numRuns, seconds, diskBytes: times * diskBytes, memoryBytes, shares }
}

function countOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function secondsOf(shared: readonly SharedPart[]): number {
  return shared.reduce((sum, { seconds }) => sum + seconds, 0)
}

/** The editor asks on every keystroke, and estimating a run of a large model takes 10 ms. `sparsescope sweep plan` looks at all runs. */
const mostLookedAt = 24

/**
 * Estimates for the sweep of a recipe, from a sample of its runs if there are many; null where there is none, or one
 * with a mistake. `facts` are the recipe's: a run with another model, or other data, counts as if it had those.
 */
export function estimateSweepOf(recipe: Recipe, facts: LintFacts): SweepEstimates | null {
  const { runs } = expandSweep(recipe)
  if (runs.length === 0) return null
  const looked = spread(runs, mostLookedAt).map((run) => estimateRunOfSweep(resolveRecipe(run.recipe), facts))
  return estimateSweep(looked, runs.length)
}

/** Picks `count` items across a list at uneven steps, since the settings of a sweep repeat periodically. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list
  const golden = (Math.sqrt(5) - 1) / 2
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + ((i * golden) % 1)) / count) * list.length)])
}
