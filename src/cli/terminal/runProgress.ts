// A run's own progress, as the screen shows it: the phase changes at once, what is told of the whole run stays.
import type { RunEvent } from '../../runs/series/events.ts'
import { phaseName } from '../../runs/series/recoveries.ts'
import type { Progress } from './progressText.ts'

export function createRunProgress(show: (progress: Progress) => void): (event: RunEvent) => void {
  let whole: Pick<Progress, 'share' | 'secondsLeft'> = { share: 0 }
  let what = ''
  let loss: Progress['loss']
  return (event) => {
    switch (event.type) {
      case 'phase':
        loss = undefined
        return show({ what: (what = phaseName(event)), ...whole })
      case 'step':
        loss = event.loss
        return
      case 'progress': {
        const { done, total, unit, eta_s: secondsLeft, overall } = event
        whole = { share: overall ?? whole.share, secondsLeft }
        return show({ what, count: { done, total, unit }, ...whole, loss })
      }
    }
  }
}
