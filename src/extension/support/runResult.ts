// Writes a run's result in one sentence, for the message at its end.
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { readReport } from '../../runs/reader/report.ts'
import { formatAccuracy, formatShare, formatValue } from '../../formatting/numbers.ts'
import { undecidedPairs } from '../../runs/series/accuracies.ts'
import { resultOf, type RunResult } from '../../runs/series/runResult.ts'
import { stages } from '../../catalog/stages.ts'

/** null: nobody knows what. */
export function resultText(name: string, result: RunResult | null): string {
  if (result === null) return `${name}: done, but it left no report that can be read.`
  const { perplexity, sparsity, output, recoveries } = result
  const values = stages.flatMap((stage) => {
    const value = perplexity[stage]
    return value === undefined ? [] : [`${formatValue(value)} ${stage}`]
  })
  const parts = [
    recoveries.map(({ mode }) => mode).join(', then '),
    values.length > 0 && `perplexity ${values.join(' → ')}`,
    accuracyText(result),
    sparsity !== null && `sparsity ${formatShare(sparsity)}`,
    output !== null ? `saved to ${output}` : 'nothing was saved',
  ]
  return `${name}: ${parts.filter(Boolean).join(', ')}.`
}

/** The accuracy with its standard error, and a note where the difference is within it. */
function accuracyText({ accuracy }: RunResult): string | null {
  const values = stages.flatMap((stage) => {
    const mean = accuracy[stage]
    return mean ? [`${formatAccuracy(mean.acc, mean.stderr)} ${stage}`] : []
  })
  if (values.length === 0) return null
  const pairs = undecidedPairs(accuracy).map((pair) => pair.join(' and '))
  const open = pairs.length > 0 ? ` (no difference beyond the standard error: ${pairs.join(', ')})` : ''
  return `mean accuracy ${values.join(' → ')}${open}`
}

/** The result in a run folder, which may be anybody's; null where there is no report, or a damaged one. */
export async function readResult(folder: string): Promise<RunResult | null> {
  const report = await readReport(runFolderAt(folder)).catch(() => null)
  return report === null ? null : resultOf(report)
}
