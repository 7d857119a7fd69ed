// Texts about runs: the status item, the message at the end, and the errors of a recipe that cannot run.
import { formatAccuracy, formatShare, formatValue, roughDuration } from '../../formatting/numbers.ts'
import { runLabel } from '../../formatting/paths.ts'
import { mainPerplexities } from '../../runs/series/foldRun.ts'
import type { QueuedRun } from './runQueue.ts'
import type { RunReader, RunState } from '../../runs/reader/runReader.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { readReport } from '../../runs/reader/report.ts'
import { undecidedPairs } from '../../runs/series/accuracies.ts'
import { resultOf, type RunResult } from '../../runs/series/runResult.ts'
import { stages } from '../../catalog/stages.ts'

type Run = Pick<RunReader, 'place' | 'name' | 'time' | 'status'> & { readonly state: Pick<RunState, 'summary'> }

interface StatusText {
  text: string
  tooltip: string
  /** The run that a click opens; null: the backend. */
  run: Run | null
}

/** Text of the status item: the run in progress; null when nothing runs or waits. */
export function runStatusText(runs: readonly Run[], queued: readonly QueuedRun[]): StatusText | null {
  const run = runs.find(({ status }) => status === 'running') ?? runs.find(({ status }) => status === 'paused')
  if (!run && queued.length === 0) return null
  const more = queued.length > 1 || (run && queued.length > 0) ? ` (+${queued.length - (run ? 0 : 1)})` : ''
  const waiting = queued.map(queuedText)
  if (!run) return { text: `$(sync~spin) ${queued[0].name}${more}`, tooltip: waiting.join('\n'), run: null }
  const { summary } = run.state
  const { overall = null, left = null } = summary ?? {}
  const icon = run.status === 'paused' ? '$(debug-pause)' : '$(sync~spin)'
  const share = overall === null ? '' : ` ${Math.floor(100 * overall)} %`
  const phase = run.status === 'paused' ? 'paused' : (summary?.phase?.phase ?? 'starting')
  const time = left === null ? '' : `, about ${roughDuration(left)} left`
  const last = summary && mainPerplexities(summary).at(-1)
  const lines = [
    runLabel(run),
    `${phase}${share}${time}`,
    ...(last ? [`perplexity ${last.stage}: ${formatValue(last.perplexity)}`] : []),
    ...waiting,
    'Click to open the run.',
  ]
  return { text: `${icon} ${run.name}${share}${more}`, tooltip: lines.join('\n'), run }
}

export function queuedText({ name, behind }: QueuedRun): string {
  return behind === null ? `${name} is starting` : `${name} is queued behind ${behind}`
}

/** A run's result in one sentence. null: there is no report that can be read. */
export function resultText(name: string, result: RunResult | null): string {
  if (result === null) return `${name}: done, but its report cannot be read.`
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

/** The result in an untrusted run folder; null if its report is missing or damaged. */
export async function readResult(folder: string): Promise<RunResult | null> {
  const report = await readReport(runFolderAt(folder)).catch(() => null)
  return report === null ? null : resultOf(report)
}

/** How many errors a recipe has, and the first, with its line from 1 where it is known; the list of problems has them all. */
export function errorsText(name: string, errors: readonly string[], line: number | null): string {
  const recipe = line === null ? name : `${name}:${line}`
  const [first = ''] = errors
  return errors.length === 1
    ? `${recipe} has an error: ${first}`
    : `${recipe} has ${errors.length} errors, first: ${first}`
}
