// Text of the status item: the run that goes on and its progress, else the device.
import { formatValue, roughDuration } from '../../formatting/numbers.ts'
import { runLabel } from '../../formatting/paths.ts'
import { mainPerplexities } from '../../runs/series/foldRun.ts'
import type { QueuedRun } from './runQueue.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'

type Run = Pick<RunReader, 'place' | 'name' | 'time' | 'status' | 'lean'>

export interface StatusText {
  text: string
  tooltip: string
  /** The run that a click opens; null: the backend. */
  run: Run | null
}

/** null when nothing runs or waits. */
export function runStatusText(runs: readonly Run[], queued: readonly QueuedRun[]): StatusText | null {
  const run = runs.find(({ status }) => status === 'running') ?? runs.find(({ status }) => status === 'paused')
  if (!run && queued.length === 0) return null
  const more = queued.length > 1 || (run && queued.length > 0) ? ` (+${queued.length - (run ? 0 : 1)})` : ''
  const waiting = queued.map(queuedText)
  if (!run) return { text: `$(sync~spin) ${queued[0].name}${more}`, tooltip: waiting.join('\n'), run: null }
  const { overall = null, phases = [], left = null } = run.lean?.picture ?? {}
  const icon = run.status === 'paused' ? '$(debug-pause)' : '$(sync~spin)'
  const share = overall === null ? '' : ` ${Math.floor(100 * overall)} %`
  const phase = run.status === 'paused' ? 'paused' : (phases.at(-1)?.phase ?? 'starting')
  const time = left === null ? '' : `, about ${roughDuration(left)} left`
  const last = run.lean && mainPerplexities(run.lean.picture).at(-1)
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
