import type { RunEvent } from '../protocol/events.ts'

/** What was measured and when, for a line of text; the recipe's first entry goes without its name. */
export function evaluationTitle(event: Extract<RunEvent, { type: 'eval' }>): string {
  const { task = 'perplexity', stage, step, entry, data, seq_len: seqLen } = event
  const after = step === undefined ? '' : ` after ${step}`
  const length = seqLen === undefined ? '' : ` (${seqLen} tokens)`
  const where = entry ? ` on ${data ?? `entry ${entry + 1}`}${length}` : ''
  return `${task} ${stage}${after}${where}`
}
