// The table at the end of a run: dense, pruned, recovered.
import type { Stage } from '../../../catalog/stages.ts'
import {
  formatAccuracy,
  formatBytes,
  formatDuration,
  formatShare,
  formatTrained,
  formatValue,
  formatWonBack,
  megabyte,
} from '../../../formatting/numbers.ts'
import { cutText } from '../../../runs/series/recoveries.ts'
import { undecided, type MeanAccuracy } from '../../../runs/series/accuracies.ts'
import { perplexitiesOf, perplexityIn, resultsOfTexts } from '../../../runs/series/texts.ts'
import { certificateSentence } from '../../../plan/certificate.ts'
import { textTable } from '../../../formatting/tables.ts'
import type { RunReport } from './report.ts'

export interface SummaryRow {
  readonly stage: Stage
  readonly cells: readonly string[]
}

/** A second text has a column of its own; accuracy has one where a task measures it. */
export function summaryHeads({ accuracy, evaluations }: Pick<RunReport, 'accuracy' | 'evaluations'>): string[] {
  const { texts, second } = resultsOfTexts(perplexitiesOf(evaluations))
  const perplexities = second ? [`perplexity on ${texts[0].name}`, `on ${second.name}`] : ['perplexity']
  const mean = Object.keys(accuracy).length > 0 ? ['mean accuracy'] : []
  return ['', ...perplexities, ...mean, 'sparsity', 'trainable', 'seconds', 'peak memory']
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
    recovered: formatDuration(sum('reconstruct', 'refit', 'retrain', 'merge')),
  }
  const { second } = resultsOfTexts(perplexitiesOf(report.evaluations))
  const perplexities = [report.perplexity, ...(second ? [second.perplexity] : [])]
  const recovered = recipe.recover ? (['recovered'] as const) : []
  return (['dense', 'pruned', ...recovered] as const).map((stage) => ({
    stage,
    cells: [
      stage,
      ...perplexities.map((values) => formatValue(perplexityIn(values[stage]))),
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

/** "Recovery won back 33 % of what pruning cost in perplexity on b.txt."; none where that is not known. */
export function wonBackSentences({ won_back: wonBack }: Pick<RunReport, 'won_back'>): string[] {
  if (wonBack === null) return []
  const { text, share } = wonBack
  return [`Recovery won back ${formatWonBack(share)} of what pruning cost in perplexity on ${text}.`]
}

/** The table as text, columns aligned; below it what was won back, and what its accuracies do not decide. */
export function summaryText(report: RunReport, columns?: number): string {
  const table = textTable(
    summaryHeads(report),
    summaryRows(report).map(({ cells }) => cells),
    { columns, spare: ['peak memory', 'seconds'] },
  )
  const merged = report.recoveries.flatMap((one) => (one.merged ? [cutText(one.merged.modules)] : []))
  const certified = report.certificate ? [certificateSentence(report.certificate)] : []
  return [table, ...certified, ...merged, ...wonBackSentences(report), ...undecided(report.accuracy)].join('\n')
}
