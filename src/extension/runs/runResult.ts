// What came out of a run, in one sentence: for the message at its end.
import { join } from 'node:path'
import { formatShare, formatValue } from '../../shared/format/numbers.ts'
import { readRunFile } from './runFiles.ts'

const largestReport = 64 * 2 ** 20
const stages = ['dense', 'pruned', 'recovered'] as const

/** From report.json as it was read: every part may be missing. */
export function resultText(name: string, report: unknown): string {
  const { perplexity, sparsity, output } = fieldsOf(report)
  const measured = fieldsOf(perplexity)
  const values = stages.flatMap((stage) => {
    const value = measured[stage]
    return typeof value === 'number' ? [`${formatValue(value)} ${stage}`] : []
  })
  const parts = [
    values.length > 0 && `perplexity ${values.join(' → ')}`,
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

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
