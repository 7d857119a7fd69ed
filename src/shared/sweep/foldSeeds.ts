// Runs that differ only by their seed are one experiment: its median, and how far the seeds lie apart.
import type { Stage } from '../series/events.ts'
import type { ComparedRun } from './comparedRun.ts'
import type { Settings } from '../recipe/sweep/settings.ts'
import type { SweepResults, SweepRunState } from './sweepTable.ts'

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  /** How many runs have a value. */
  readonly count: number
}

/** A value of `SweepResults` over the runs; null where none has one. */
type Spreads<T> = { readonly [K in keyof T]: T[K] extends number | null ? Spread | null : Spreads<T[K]> }

export interface FoldedRun {
  /** Name of each run. */
  readonly names: readonly string[]
  /** Without `seed`. */
  readonly settings: Settings
  readonly states: readonly SweepRunState[]
  /** Places of the runs among those that were folded. */
  readonly members: readonly number[]
  readonly results: Spreads<SweepResults>
  readonly trainablePercent: Spread | null
}

/** Folds runs that differ in the seed only, in the order of each group's first run. A run without a known seed is a group by itself. */
export function foldSeeds(runs: readonly ComparedRun[]): FoldedRun[] {
  const groups = new Map<string, number[]>()
  for (const [i, { settings }] of runs.entries()) {
    const key = settings.seed === undefined ? String(i) : JSON.stringify(withoutSeed(settings))
    groups.set(key, [...(groups.get(key) ?? []), i])
  }
  return [...groups.values()].map((members) => folded(members, runs))
}

function withoutSeed({ seed: _, ...others }: Settings): Settings {
  return others
}

function folded(members: readonly number[], runs: readonly ComparedRun[]): FoldedRun {
  const all = members.map((i) => runs[i])
  // A run counts by its final measurements, unless no run is done.
  const done = all.filter(({ state }) => state === 'done')
  const counted = done.length > 0 ? done : all
  const over = (value: (run: ComparedRun) => number | null) => spreadOf(counted.map(value))
  const byStage = (value: (results: SweepResults, stage: Stage) => number | null) => ({
    dense: over(({ results }) => value(results, 'dense')),
    pruned: over(({ results }) => value(results, 'pruned')),
    recovered: over(({ results }) => value(results, 'recovered')),
  })
  return {
    names: all.map(({ name }) => name),
    settings: withoutSeed(all[0].settings),
    states: all.map(({ state }) => state),
    members,
    results: {
      sparsity: over(({ results }) => results.sparsity),
      perplexity: byStage(({ perplexity }, stage) => perplexity[stage]),
      accuracy: byStage(({ accuracy }, stage) => accuracy[stage]),
      trainable: over(({ results }) => results.trainable),
      seconds: over(({ results }) => results.seconds),
      peak_memory_mb: over(({ results }) => results.peak_memory_mb),
    },
    trainablePercent: over(({ trainablePercent }) => trainablePercent),
  }
}

/** The median of an even number is the mean of the two in the middle. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  const count = sorted.length
  if (count === 0) return null
  const [low, high] = [sorted[0], sorted[count - 1]]
  return { median: (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2, low, high, count }
}
