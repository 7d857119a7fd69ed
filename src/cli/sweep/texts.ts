// Sweeps for people.
import { formatShare, formatValue } from '../../shared/format/numbers.ts'
import { textTable } from '../../shared/format/textTable.ts'
import type { SweepRow, SweepTable } from '../../shared/sweep/sweepTable.ts'

export function planText({ id, runs }: { id: string; runs: readonly { index: number; name: string }[] }): string {
  const rows = runs.map(({ index, name }) => [String(index), name])
  return `${textTable(['', 'run'], rows)}\n${runs.length} runs, plan ${id}`
}

export function tableText({ runs }: SweepTable): string {
  const rows = runs.map(({ index, name, state, results: { perplexity, sparsity } }) => [
    String(index),
    name,
    state,
    ...[perplexity.dense, perplexity.pruned, perplexity.recovered].map((value) => formatValue(value ?? undefined)),
    formatShare(sparsity),
  ])
  return textTable(['', 'run', 'state', 'dense', 'pruned', 'recovered', 'sparsity'], rows)
}

/** One run that has ended. */
export function rowText({ name, state, message, results: { perplexity } }: SweepRow): string {
  const measured = [perplexity.dense, perplexity.pruned, perplexity.recovered].filter((value) => value !== null)
  const told = measured.length > 0 && state === 'done' ? `: perplexity ${measured.map(formatValue).join(' → ')}` : ''
  return `${state} ${name}${message === null ? told : `: ${message}`}`
}
