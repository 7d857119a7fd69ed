// The table at the end of a run: dense, pruned, recovered.
import type { Stage } from '../../shared/protocol/events.ts'
import { formatDuration, formatShare, formatTrained, formatValue } from '../../shared/format/numbers.ts'
import { textTable } from '../../shared/format/textTable.ts'
import type { RunReport } from './report.ts'

export interface SummaryRow {
  readonly stage: Stage
  readonly cells: readonly string[]
}

export const summaryHeads = ['', 'perplexity', 'sparsity', 'trainable', 'seconds', 'peak memory'] as const

/** What each stage cost and gave. A stage that was not measured shows a dash. */
export function summaryRows(report: RunReport): SummaryRow[] {
  const { seconds, trainable, recipe } = report
  const sum = (...phases: string[]) => phases.reduce((total, phase) => total + (seconds[phase] ?? 0), 0)
  const spent: Record<Stage, string> = {
    dense: '–',
    pruned: formatDuration(sum('calibrate', 'prune')),
    recovered: formatDuration(sum('reconstruct', 'retrain')),
  }
  const recovered = recipe.recover ? (['recovered'] as const) : []
  return (['dense', 'pruned', ...recovered] as const).map((stage) => ({
    stage,
    cells: [
      stage,
      formatValue(report.perplexity[stage]),
      formatShare(stage === 'dense' ? null : report.sparsity),
      stage === 'recovered' && trainable ? formatTrained(trainable.percent) : '–',
      spent[stage],
      stage === 'recovered' || (!recipe.recover && stage === 'pruned')
        ? `${Math.round(report.peak_memory_mb)} MB`
        : '–',
    ],
  }))
}

/** The table as text, columns aligned. */
export function summaryText(report: RunReport): string {
  return textTable(
    summaryHeads,
    summaryRows(report).map(({ cells }) => cells),
  )
}
