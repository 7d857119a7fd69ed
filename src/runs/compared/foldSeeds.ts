// Runs that differ only by their seed are one experiment: its median and the spread over seeds.
import type { ComparedRun, RunFacts } from './comparedRun.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { type Spread, spreadOf } from '../series/smooth.ts'
import { lastStage, type SweepResults, type SweepRunState } from './sweepTable.ts'
import { withoutSeed as withoutSeedInName } from './shortNames.ts'

/** A value of `SweepResults` over the runs, null if no run has one; a name is the first run's. */
type Spreads<T> = {
  readonly [K in keyof T]: T[K] extends number | null
    ? Spread | null
    : T[K] extends string | null
      ? T[K]
      : Spreads<T[K]>
}

export interface FoldedRun {
  /** Name of each run. */
  readonly names: readonly string[]
  /** The shortest unique name. */
  readonly label: string
  /** Its seed is null where there are several. */
  readonly facts: RunFacts
  /** Without `seed`. */
  readonly settings: Settings
  readonly states: readonly SweepRunState[]
  /** Places of the runs among those that were folded. */
  readonly members: readonly number[]
  readonly results: Spreads<SweepResults>
  /** Perplexity above that of the dense model, over the runs that measured both. */
  readonly delta: Spread | null
  readonly trainablePercent: Spread | null
}

/**
 * Folds runs that differ in the seed only, in the order of each group's first run. A run without a known seed is a group by itself.
 * Repeats of a seed are not another seed: they form a group of their own.
 */
export function foldSeeds(runs: readonly ComparedRun[]): FoldedRun[] {
  const groups = new Map<string, number[]>()
  const runBefore = new Map<string, number>()
  for (const [i, { settings }] of runs.entries()) {
    const whole = JSON.stringify(settings)
    const repeat = runBefore.get(whole) ?? 0
    runBefore.set(whole, repeat + 1)
    const key = settings.seed === undefined ? String(i) : JSON.stringify([repeat, withoutSeed(settings)])
    groups.set(key, [...(groups.get(key) ?? []), i])
  }
  // Names differ between seeds until the seeds are folded.
  const areFolded = groups.size < runs.length
  return [...groups.values()].map((members) => folded(members, runs, areFolded))
}

function withoutSeed({ seed: _, ...others }: Settings): Settings {
  return others
}

function folded(members: readonly number[], runs: readonly ComparedRun[], areFolded: boolean): FoldedRun {
  const all = members.map((i) => runs[i])
  // Only runs that are done count, since their measurements are final. If no run is done, all count.
  const done = all.filter(({ state }) => state === 'done')
  const counted = done.length > 0 ? done : all
  const over = (value: (run: ComparedRun) => number | null) => spreadOf(counted.map(value))
  return {
    names: all.map(({ name }) => name),
    label: areFolded ? withoutSeedInName(all[0].label, all[0].facts.seed) : all[0].label,
    facts: all.length > 1 ? { ...all[0].facts, seed: null } : all[0].facts,
    settings: withoutSeed(all[0].settings),
    states: all.map(({ state }) => state),
    members,
    results: spreadsOf(counted.map(({ results }) => results)),
    delta: over(({ results }) => deltaOf(results)),
    trainablePercent: over(({ trainablePercent }) => trainablePercent),
  }
}

/** Numbers that no run has are null, as names are. */
function spreadsOf<T extends object>(all: readonly T[]): Spreads<T> {
  const of = (values: readonly unknown[]): unknown => {
    const known = values.find((value) => value !== null)
    if (typeof known === 'object') return spreadsOf(values as object[])
    return typeof known === 'string' ? known : spreadOf(values as (number | null)[])
  }
  const keys = Object.keys(all[0]) as (keyof T)[]
  return Object.fromEntries(keys.map((key) => [key, of(all.map((one) => one[key]))])) as Spreads<T>
}

/** Perplexity of the last stage, less that of the dense model. */
function deltaOf({ perplexity }: SweepResults): number | null {
  const [last, { dense }] = [lastStage(perplexity), perplexity]
  // ∞ − ∞ is not a number.
  return last === null || dense === null || dense === Infinity ? null : last - dense
}
