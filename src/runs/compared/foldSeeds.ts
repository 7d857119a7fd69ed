// Runs that differ only by their seed are one experiment: its median and the spread over seeds.
import type { Stage } from '../../catalog/stages.ts'
import type { ComparedRun, RunFacts } from './comparedRun.ts'
import type { Settings } from '../../recipe/sweep/settings.ts'
import { lastStage, type SweepResults, type SweepRunState } from './sweepTable.ts'
import { withoutSeed as withoutSeedInName } from './shortNames.ts'

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  /** How many runs have a value. */
  readonly count: number
}

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
 * A seed that was run again is no other seed: the repeats are a group of their own.
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
  // A run counts by its final measurements, unless no run is done.
  const done = all.filter(({ state }) => state === 'done')
  const counted = done.length > 0 ? done : all
  const over = (value: (run: ComparedRun) => number | null) => spreadOf(counted.map(value))
  const nameOf = (name: (run: ComparedRun) => string | null) => counted.map(name).find((one) => one !== null) ?? null
  const byStage = (value: (results: SweepResults, stage: Stage) => number | null) => ({
    dense: over(({ results }) => value(results, 'dense')),
    pruned: over(({ results }) => value(results, 'pruned')),
    recovered: over(({ results }) => value(results, 'recovered')),
  })
  return {
    names: all.map(({ name }) => name),
    label: areFolded ? withoutSeedInName(all[0].label, all[0].facts.seed) : all[0].label,
    facts: all.length > 1 ? { ...all[0].facts, seed: null } : all[0].facts,
    settings: withoutSeed(all[0].settings),
    states: all.map(({ state }) => state),
    members,
    results: {
      sparsity: over(({ results }) => results.sparsity),
      perplexity: byStage(({ perplexity }, stage) => perplexity[stage]),
      second_text: {
        text: nameOf(({ results }) => results.second_text.text),
        perplexity: byStage(({ second_text: { perplexity } }, stage) => perplexity[stage]),
      },
      won_back: {
        text: nameOf(({ results }) => results.won_back.text),
        share: over(({ results }) => results.won_back.share),
      },
      accuracy: byStage(({ accuracy }, stage) => accuracy[stage]),
      trainable: over(({ results }) => results.trainable),
      seconds: over(({ results }) => results.seconds),
      peak_memory_mb: over(({ results }) => results.peak_memory_mb),
    },
    delta: over(({ results }) => deltaOf(results)),
    trainablePercent: over(({ trainablePercent }) => trainablePercent),
  }
}

/** Perplexity of the last stage, less that of the dense model. */
function deltaOf({ perplexity }: SweepResults): number | null {
  const [last, { dense }] = [lastStage(perplexity), perplexity]
  // ∞ − ∞ is not a number.
  return last === null || dense === null || dense === Infinity ? null : last - dense
}

/** The median of an even number is the mean of the two in the middle. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  const count = sorted.length
  if (count === 0) return null
  const [low, high] = [sorted[0], sorted[count - 1]]
  return { median: (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2, low, high, count }
}
