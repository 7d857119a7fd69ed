import { quoted } from '../format/formatError.ts'
import { formatAccuracy, formatValue } from '../format/numbers.ts'
import type { RunEvent } from './events.ts'
import { defaultTask } from '../tasks/tasks.ts'

/** Title of a measurement for a line of text; the recipe's first entry goes without its name. */
export function evaluationTitle(event: Extract<RunEvent, { type: 'eval' }>): string {
  const { task = defaultTask, stage, step, entry, data, seq_len: seqLen } = event
  const after = step === undefined ? '' : ` after ${step}`
  const length = seqLen === undefined ? '' : ` (${seqLen} tokens)`
  const where = entry ? ` on ${data ?? `entry ${entry + 1}`}${length}` : ''
  return `${task} ${stage}${after}${where}`
}

/** A measurement as text: the first continuation, accuracy with its standard error, or perplexity. */
export function measuredText({ acc, stderr = null, perplexity, samples }: Measured): string {
  if (samples) return quoted(samples[0]?.text ?? '')
  return acc === undefined ? formatValue(perplexity) : formatAccuracy(acc, stderr)
}

type Measured = Pick<Extract<RunEvent, { type: 'eval' }>, 'acc' | 'stderr' | 'perplexity' | 'samples'>
