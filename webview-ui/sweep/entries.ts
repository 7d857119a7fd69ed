// Entries of the view, each with a row, a point and a curve: a run, or the runs that differ only by their seed.
import { seriesStyle, type SeriesStyle } from '../../src/shared/chart/chartData.ts'
import type { ComparedRow } from '../../src/shared/protocol/sweepView.ts'
import { foldSeeds, type FoldedRun } from '../../src/shared/sweep/foldSeeds.ts'
import { styleGroups, type StyledBy } from '../../src/shared/chart/runStyles.ts'
import { valueText } from '../../src/shared/recipe/sweep/settings.ts'

export interface Entry extends FoldedRun {
  readonly key: string
  /** Name in pictures: the settings, else the run's name. */
  readonly label: string
  readonly style: SeriesStyle
}

/** `fold`: runs that differ only by their seed are one. */
export function entriesOf(rows: readonly ComparedRow[], fold: boolean): Omit<Entry, 'style'>[] {
  const folded = fold ? foldSeeds(rows) : rows.map((row, i) => alone(row, i))
  return folded.map((run) => ({ ...run, key: run.members.join(), label: labelOf(run) }))
}

/** A run by itself, with its seed, which tells it from the others. */
function alone(row: ComparedRow, index: number): FoldedRun {
  return { ...foldSeeds([row])[0], settings: row.settings, members: [index] }
}

export function labelOf({ names, settings }: Pick<FoldedRun, 'names' | 'settings'>): string {
  const values = Object.entries(settings).map(([path, value]) => `${lastPart(path)} ${valueText(value)}`)
  return values.join(', ') || names.join(', ')
}

/** `prune.0.sparsity` → sparsity */
export function lastPart(path: string): string {
  return path.split('.').at(-1) ?? path
}

export function hasSeeds(rows: readonly ComparedRow[]): boolean {
  return new Set(rows.map(({ settings }) => settings.seed)).size > 1
}

export function styled(entries: readonly Omit<Entry, 'style'>[], by: StyledBy): Entry[] {
  const styles = new Map<number, SeriesStyle>()
  for (const { style, runs } of styleGroups(entries, by)) for (const run of runs) styles.set(run, style)
  return entries.map((entry, i) => ({ ...entry, style: styles.get(i) ?? seriesStyle(0) }))
}

/** Words that a filter looks through. */
export function wordsOf(entry: Entry): string {
  const settings = Object.entries(entry.settings).map(([path, value]) => `${path}=${valueText(value)}`)
  return [...entry.names, ...settings, ...entry.states].join(' ')
}
