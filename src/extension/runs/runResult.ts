// What came out of a run, in one sentence: for the message at its end.
import { join } from 'node:path'
import { formatAccuracy, formatShare, formatValue } from '../../shared/format/numbers.ts'
import { undecidedPairs, type StageAccuracies } from '../../shared/series/meanAccuracy.ts'
import { readRunFile } from './runFiles.ts'

const largestReport = 64 * 2 ** 20
const stages = ['dense', 'pruned', 'recovered'] as const

/** From report.json as it was read: every part may be missing. */
export function resultText(name: string, report: unknown): string {
  const { perplexity, accuracy, sparsity, output } = fieldsOf(report)
  const measured = fieldsOf(perplexity)
  const values = stages.flatMap((stage) => {
    const value = measured[stage]
    return typeof value === 'number' ? [`${formatValue(value)} ${stage}`] : []
  })
  const parts = [
    values.length > 0 && `perplexity ${values.join(' → ')}`,
    accuracyText(accuraciesIn(accuracy)),
    typeof sparsity === 'number' && `sparsity ${formatShare(sparsity)}`,
    typeof output === 'string' ? `saved to ${output}` : 'nothing was saved',
  ]
  return `${name}: ${parts.filter(Boolean).join(', ')}.`
}

export async function readResult(name: string, folder: string): Promise<string> {
  const text = await readRunFile(join(folder, 'report.json'), largestReport).catch(() => '{}')
  try {
    return resultText(name, JSON.parse(text))
  } catch {
    return resultText(name, {})
  }
}

/** With its standard error, and where that says nothing. */
function accuracyText(measured: StageAccuracies): string | null {
  const values = stages.flatMap((stage) => {
    const mean = measured[stage]
    return mean ? [`${formatAccuracy(mean.acc, mean.stderr)} ${stage}`] : []
  })
  if (values.length === 0) return null
  const pairs = undecidedPairs(measured).map((pair) => pair.join(' and '))
  const open = pairs.length > 0 ? ` (no difference beyond the standard error: ${pairs.join(', ')})` : ''
  return `mean accuracy ${values.join(' → ')}${open}`
}

function accuraciesIn(value: unknown): StageAccuracies {
  const found: StageAccuracies = {}
  for (const stage of stages) {
    const { acc, stderr, tasks } = fieldsOf(fieldsOf(value)[stage])
    if (typeof acc !== 'number' || typeof tasks !== 'number') continue
    found[stage] = { acc, stderr: typeof stderr === 'number' ? stderr : null, tasks }
  }
  return found
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
