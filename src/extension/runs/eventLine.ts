// A run's events as lines of a task's terminal.
import { chosenText } from '../../shared/plan/chosenAllocations.ts'
import { formatShare, formatValue } from '../../shared/format/numbers.ts'
import { sparsityOf } from '../../shared/format/sparsity.ts'
import type { RunEvent } from '../../shared/series/events.ts'
import { evaluationTitle, measuredText } from '../../shared/series/evaluationTitle.ts'
import { savedText } from '../../shared/series/savedText.ts'

/** A line for an event that is worth one; steps are too many. */
export function lineOf(event: RunEvent): string | null {
  switch (event.type) {
    case 'start':
      return `${event.name}: ${event.model} on ${event.description}`
    case 'phase':
      return `${event.phase}…`
    case 'block': {
      const errors =
        event.error_after === undefined
          ? ''
          : `, error ${formatValue(event.error_before)} → ${formatValue(event.error_after)}`
      return `block ${event.block}: ${formatShare(sparsityOf(Object.values(event.modules)))} zeros${errors}`
    }
    case 'eval':
      return `${evaluationTitle(event)}: ${measuredText(event)}`
    case 'allocation':
      return chosenText(event)
    case 'warning':
      return `warning: ${event.message}`
    case 'saved':
      return savedText(event, event.path)
    case 'end':
      return `${event.status}${event.message ? `: ${event.message}` : ''}`
    default:
      return null
  }
}
