// A run's events as lines of a terminal.
import { formatAccuracy, formatPerplexity, formatShare, formatValue } from '../../formatting/numbers.ts'
import { perplexityIn } from './texts.ts'
import { quoted } from '../../errors.ts'
import { sparsityOf } from '../../catalog/formats/sparsity.ts'
import { andList } from '../../formatting/lists.ts'
import { defaultTask } from '../../catalog/tasks/tasks.ts'
import type { ChosenAllocation, RunEvent } from './events.ts'

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
const saved = { pruned: 'the pruned model to ', gguf: 'the GGUF file ' } as const

/** A line for an event; null for events that are not shown, such as steps. `shorter`: shortens a path for display. */
export function eventLine(event: RunEvent, shorter = (path: string) => path): string | null {
  switch (event.type) {
    case 'start':
      return `${event.resumed ? 'resumed' : 'model'} ${event.model}, ${event.description}`
    case 'phase':
      return `${event.phase}…`
    case 'block':
      return blockLine(event)
    case 'eval':
      return `${evaluationTitle(event)}: ${measuredText(event)}`
    case 'allocation':
      return chosenText(event)
    case 'warning':
      return `warning: ${event.message}`
    case 'saved':
      return `saved ${event.stage ? saved[event.stage] : ''}${shorter(event.path)}`
    case 'end':
      return `${event.status}${event.message ? `: ${event.message}` : ''}`
    default:
      return null
  }
}

function blockLine({ block, modules, error_before: before, error_after: after, errors, seconds }: Of<'block'>): string {
  const change = (from: number | null, to: number | null) => `${formatValue(from)} → ${formatValue(to)}`
  const changes = errors
    ? errors.map((one) => `recover.${one.recovery} ${change(one.error_before, one.error_after)}`)
    : before === undefined || after === undefined
      ? []
      : [`error ${change(before, after)}`]
  const zeros = `${formatShare(sparsityOf(Object.values(modules)))} zeros`
  return `block ${block}: ${[zeros, ...changes].join(', ')} (${seconds.toFixed(1)} s)`
}

/** The recipe's first entry goes without its name. */
function evaluationTitle({ task = defaultTask, stage, step, entry, data, seq_len: seqLen }: Of<'eval'>): string {
  const after = step === undefined ? '' : ` after ${step}`
  const length = seqLen === undefined ? '' : ` (${seqLen} tokens)`
  const where = entry ? ` on ${data ?? `entry ${entry + 1}`}${length}` : ''
  return `${task} ${stage}${after}${where}`
}

/** The first continuation, accuracy with its standard error, or perplexity. */
function measuredText({ acc, stderr = null, perplexity, samples }: Of<'eval'>): string {
  if (samples) return quoted(samples[0]?.text ?? '')
  if (acc !== undefined) return formatAccuracy(acc, stderr)
  const value = perplexityIn(perplexity)
  return value === undefined ? '–' : formatPerplexity(value, 4)
}

/** `prune.0, allocation depth: spread 0.15 leaves the lowest loss (0.05: 5.1 and 0.15: 4.9)`. */
export function chosenText({ step, allocation, key, value, tried }: ChosenAllocation): string {
  const losses = tried.map((one) => `${one.value}: ${formatValue(one.loss)}`)
  return `prune.${step}, allocation ${allocation}: ${key} ${value} leaves the lowest loss (${andList(losses)})`
}
