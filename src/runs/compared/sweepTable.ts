// The table of a sweep, as `sparsescope sweep status --json` prints it and sweep.json holds it.
import { stages, type Stage } from '../../catalog/stages.ts'
import type { Outputs, RunResult } from '../series/runResult.ts'
import type { NamedSettings } from '../../recipe/sweep/settings.ts'

/** waiting: not begun; failed: ended badly, or its process is gone. */
export type SweepRunState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'

/** `Perplexity`: how a perplexity is written. Infinity: it overflows. null: it was not measured. */
export interface SweepResults<Perplexity = number> {
  /** Share of zeros over the block linears. */
  readonly sparsity: number | null
  /** Perplexities by the first entry that measures one. */
  readonly perplexity: Readonly<Record<Stage, Perplexity | null>>
  /** Perplexities by the second text; its name is null where the recipe measures one at most. */
  readonly second_text: {
    readonly text: string | null
    readonly perplexity: Readonly<Record<Stage, Perplexity | null>>
  }
  /** Share of the perplexity gap that recovery closed, and its text: the second, if there are two. */
  readonly won_back: { readonly text: string | null; readonly share: number | null }
  /** Mean over the tasks, 0 to 1. */
  readonly accuracy: Readonly<Record<Stage, number | null>>
  /** Number of trained parameters; the largest of several recoveries. */
  readonly trainable: number | null
  readonly seconds: number | null
  readonly peak_memory_mb: number | null
}

export interface SweepRow extends NamedSettings {
  readonly index: number
  readonly state: SweepRunState
  /** Why the run failed, if it did and the reason is known. */
  readonly message: string | null
  /** The run folder; null before there is one. */
  readonly run: string | null
  readonly results: SweepResults
}

export interface SweepTable {
  readonly id: string
  readonly engine: string
  readonly runs: readonly SweepRow[]
}

/** The value of the last stage that a run has reached; dense, where all begin, does not count. */
export function lastStage<T>(values: Readonly<Record<Stage, T | null>>): T | null {
  return values.recovered ?? values.pruned
}

/** What was not measured is null. */
export function sweepResults({
  perplexity,
  accuracy,
  trainable,
  texts: _,
  second,
  wonBack,
  ...result
}: Omit<RunResult, Outputs>): SweepResults {
  const each = (value: (stage: Stage) => number | undefined) =>
    Object.fromEntries(stages.map((stage) => [stage, value(stage) ?? null])) as Record<Stage, number | null>
  return {
    sparsity: result.sparsity,
    perplexity: each((stage) => perplexity[stage]),
    second_text: { text: second?.name ?? null, perplexity: each((stage) => second?.perplexity[stage]) },
    won_back: { text: wonBack?.text ?? null, share: wonBack?.share ?? null },
    accuracy: each((stage) => accuracy[stage]?.acc),
    trainable,
    seconds: result.seconds,
    peak_memory_mb: result.peakMemoryMb,
  }
}

/** A perplexity that overflows, in messages: JSON has no infinity. */
const overflow = 'overflow'
export type SentPerplexity = number | typeof overflow

export function toSent(results: SweepResults): SweepResults<SentPerplexity> {
  return withPerplexities(results, (value) => (value === Infinity ? overflow : value))
}

export function fromSent(results: SweepResults<SentPerplexity>): SweepResults {
  return withPerplexities(results, (value) => (value === overflow ? Infinity : value))
}

function withPerplexities<From, To>(results: SweepResults<From>, change: (value: From) => To): SweepResults<To> {
  const each = (values: Readonly<Record<Stage, From | null>>) => {
    const changed = (stage: Stage) => (values[stage] === null ? null : change(values[stage]))
    return { dense: changed('dense'), pruned: changed('pruned'), recovered: changed('recovered') }
  }
  const { perplexity, second_text: second } = results
  return {
    ...results,
    perplexity: each(perplexity),
    second_text: { text: second.text, perplexity: each(second.perplexity) },
  }
}
