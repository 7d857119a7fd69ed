// The table at the end of a run: dense, pruned, recovered.
import type { Stage } from '../../../shared/series/events.ts'
import { formatBytes, megabyte } from '../../../shared/format/byteSize.ts'
import {
  formatAccuracy,
  formatDuration,
  formatShare,
  formatTrained,
  formatValue,
} from '../../../shared/format/numbers.ts'
import { undecided, type MeanAccuracy } from '../../../shared/series/meanAccuracy.ts'
import { textTable } from '../../../shared/format/textTable.ts'
import type { RunReport } from './report.ts'

export interface SummaryRow {
  readonly stage: Stage
  readonly cells: readonly string[]
}

/** Accuracy has a column where a task measures it. */
export function summaryHeads({ accuracy }: Pick<RunReport, 'accuracy'>): string[] {
  const mean = Object.keys(accuracy).length > 0 ? ['mean accuracy'] : []
  return ['', 'perplexity', ...mean, 'sparsity', 'trainable', 'seconds', 'peak memory']
}

/** Cost and results of each stage. A stage that was not measured shows a dash. */
export function summaryRows(report: RunReport): SummaryRow[] {
  const { seconds, trainable, recoveries, recipe } = report
  const shares = recoveries.map((one) => (one.trainable ? formatTrained(one.trainable.percent) : '–'))
  const trained = recoveries.length > 1 ? shares.join(' → ') : trainable ? formatTrained(trainable.percent) : '–'
  const sum = (...phases: string[]) => phases.reduce((total, phase) => total + (seconds[phase] ?? 0), 0)
  const spent: Record<Stage, string> = {
    dense: '–',
    pruned: formatDuration(sum('calibrate', 'prune')),
    recovered: formatDuration(sum('reconstruct', 'refit', 'retrain')),
  }
  const recovered = recipe.recover ? (['recovered'] as const) : []
  return (['dense', 'pruned', ...recovered] as const).map((stage) => ({
    stage,
    cells: [
      stage,
      formatValue(report.perplexity[stage]),
      ...(Object.keys(report.accuracy).length > 0 ? [accuracyText(report.accuracy[stage])] : []),
      formatShare(stage === 'dense' ? null : report.sparsity),
      stage === 'recovered' ? trained : '–',
      spent[stage],
      stage === 'recovered' || (!recipe.recover && stage === 'pruned')
        ? formatBytes(report.peak_memory_mb * megabyte)
        : '–',
    ],
  }))
}

function accuracyText(mean: MeanAccuracy | undefined): string {
  return mean ? formatAccuracy(mean.acc, mean.stderr) : '–'
}

/** The table as text, columns aligned; below it what its accuracies do not decide. */
export function summaryText(report: RunReport, columns?: number): string {
  const table = textTable(
    summaryHeads(report),
    summaryRows(report).map(({ cells }) => cells),
    { columns, spare: ['peak memory', 'seconds'] },
  )
  return [table, ...undecided(report.accuracy)].join('\n')
}
