// Sweeps for people.
import { formatValue } from '../../shared/format/numbers.ts'
import { textTable } from '../../shared/format/textTable.ts'
import { comparisonTable } from '../../shared/sweep/comparisonTable.ts'
import { foldSeeds } from '../../shared/sweep/foldSeeds.ts'
import type { SweepRow, SweepTable } from '../../shared/sweep/sweepTable.ts'

export function planText({ id, runs }: { id: string; runs: readonly { index: number; name: string }[] }): string {
  const rows = runs.map(({ index, name }) => [String(index), name])
  return `${textTable(['', 'run'], rows)}\n${runs.length} runs, plan ${id}`
}

export function tableText({ runs }: SweepTable): string {
  const rows = runs.map((run) => foldSeeds([{ ...run, trainablePercent: null }])[0])
  // Each run for itself: its seed too is told.
  const { heads, rows: cells } = comparisonTable(rows.map((row, i) => ({ ...row, settings: runs[i].settings })))
  return textTable(['', ...heads], cells.map((row, i) => [String(runs[i].index), ...row])) // prettier-ignore
}

/** One run that has ended. */
export function rowText({ name, state, message, results: { perplexity } }: SweepRow): string {
  const measured = [perplexity.dense, perplexity.pruned, perplexity.recovered].filter((value) => value !== null)
  const told = measured.length > 0 && state === 'done' ? `: perplexity ${measured.map(formatValue).join(' → ')}` : ''
  return `${state} ${name}${message === null ? told : `: ${message}`}`
}
