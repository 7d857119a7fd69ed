// Entries of the view, each with a row, a point and a curve: one run, or the runs that differ only by their seed.
import { seriesStyle, type SeriesStyle } from '../../src/charts/chartData.ts'
import type { ComparedRow } from '../../src/protocol/sweepView.ts'
import { foldSeeds, type FoldedRun } from '../../src/runs/compared/foldSeeds.ts'
import { styleGroups, type StyledBy } from '../../src/charts/runStyles.ts'
import { baseOf, isPrunedYet } from '../../src/runs/compared/measures.ts'
import { valueText } from '../../src/recipe/sweep/settings.ts'

export interface Entry extends FoldedRun {
  readonly key: string
  readonly style: SeriesStyle
  /** Runs of the entry, in the order of `members`. */
  readonly runs: readonly ComparedRow[]
}

export type BareEntry = Omit<Entry, 'style'>

/** `fold`: combine runs that differ only by their seed. */
export function entriesOf(rows: readonly ComparedRow[], fold: boolean): BareEntry[] {
  // A single run is named with its seed.
  const alone = (row: ComparedRow, i: number) => ({ ...foldSeeds([row])[0], settings: row.settings, members: [i] })
  const folded = fold ? foldSeeds(rows) : rows.map(alone)
  return folded.map((run) => {
    const runs = run.members.map((member) => rows[member])
    return { ...run, key: runs.map(({ key }) => key).join('\n'), runs }
  })
}

export function hasSeeds(rows: readonly ComparedRow[]): boolean {
  return new Set(rows.map(({ settings }) => settings.seed)).size > 1
}

export function styled(entries: readonly BareEntry[], by: StyledBy): Entry[] {
  const styles = new Map<number, SeriesStyle>()
  for (const { style, runs } of styleGroups(entries, by)) for (const run of runs) styles.set(run, style)
  return entries.map((entry, i) => ({ ...entry, style: styles.get(i) ?? seriesStyle(0) }))
}

/** Words that the filter searches. */
export function wordsOf({ label, names, facts, settings, states, runs }: BareEntry): string {
  const told = Object.entries(settings).map(([path, value]) => `${path}=${valueText(value)}`)
  const sweeps = runs.map(({ sweep }) => sweep ?? '')
  return [label, ...names, facts.model, facts.method, facts.recovery, ...told, ...states, ...sweeps].join(' ')
}

/** Measures that are results of the last stage, and the kind of result. The best value of such a measure is bold. */
const results: Readonly<Record<string, 'perplexity' | 'accuracy'>> = {
  perplexity: 'perplexity',
  'second text': 'perplexity',
  accuracy: 'accuracy',
}
export function resultNamed(id: string): 'perplexity' | 'accuracy' | null {
  const base = baseOf(id)
  return Object.hasOwn(results, base) ? results[base] : null
}

/** Whether the result is that of the pruned model, before its recovery. */
export function isEarly(entry: BareEntry, id: string): boolean {
  const result = resultNamed(id)
  return result !== null && isPrunedYet(entry, result)
}
