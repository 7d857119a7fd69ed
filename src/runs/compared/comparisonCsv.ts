// Runs as CSV, for whoever computes with them: one line a run, seeds apart, numbers as they are.
import { toCsv, type CsvValue } from '../../formatting/csv.ts'
import type { ComparedRun } from './comparedRun.ts'
import { valueText } from '../../recipe/sweep/settings.ts'
import { stages } from '../../catalog/stages.ts'

export function comparisonCsv(runs: readonly ComparedRun[]): string {
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  const measured = ['sparsity', 'trainable', 'seconds', 'peak_memory_mb'] as const
  const heads = [
    ...['run', ...paths, 'state'],
    ...stages.map((stage) => `perplexity_${stage}`),
    ...stages.map((stage) => `second_text_perplexity_${stage}`),
    'won_back',
    ...stages.map((stage) => `accuracy_${stage}`),
    ...measured,
    'trainable_percent',
  ]
  const rows = runs.map(({ name, settings, state, results, trainablePercent }): CsvValue[] => [
    name,
    ...paths.map((path) => csvValue(settings[path])),
    state,
    ...stages.map((stage) => results.perplexity[stage]),
    ...stages.map((stage) => results.second_text.perplexity[stage]),
    results.won_back.share,
    ...stages.map((stage) => results.accuracy[stage]),
    ...measured.map((what) => results[what]),
    trainablePercent,
  ])
  return toCsv(heads, rows)
}

function csvValue(value: unknown): CsvValue {
  return typeof value === 'number' ? value : value === undefined ? null : valueText(value)
}
