// A run's own progress, as the screen shows it: the phase changes at once, what is told of the whole run stays.
import type { RunEvent } from '../../shared/series/events.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'
import type { Progress } from './progressText.ts'

export function createRunProgress(show: (progress: Progress) => void): (event: RunEvent) => void {
  let whole: Pick<Progress, 'share' | 'secondsLeft'> = { share: 0 }
  let what = ''
  return (event) => {
    if (event.type === 'phase') show({ what: (what = phaseName(event)), ...whole })
    if (event.type !== 'progress') return
    const { done, total, unit, eta_s: secondsLeft, overall } = event
    whole = { share: overall ?? whole.share, secondsLeft }
    show({ what, count: { done, total, unit }, ...whole })
  }
}
