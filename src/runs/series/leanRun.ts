// A run among hundreds: its picture without a point object a step. What a curve takes is numbers; the rest is small.
import type { RunEvent } from './events.ts'
import { GrowingNumbers } from './growingNumbers.ts'
import { countStep, emptyPicture, foldEvents, type RunPicture } from './foldRun.ts'

export interface LeanRun {
  /** Its `loss`, `lossByRecovery`, `blockLoss`, `lr` and speed stay empty; `numSteps` counts. */
  readonly picture: RunPicture
  /** By optimiser step from 1; NaN where it was not a number. */
  readonly loss: GrowingNumbers
  /** Length of the lines that were neither steps nor progress nor memory. */
  otherChars: number
}

export function emptyLeanRun(): LeanRun {
  return { picture: emptyPicture(), loss: new GrowingNumbers(), otherChars: 0 }
}

/** Adds the events, in place. */
export function foldLean(run: LeanRun, events: readonly RunEvent[]): LeanRun {
  const { picture, loss } = run
  for (const event of events) {
    if (event.type !== 'step') {
      foldEvents(picture, [event])
      continue
    }
    picture.numSteps = loss.push(event.loss ?? NaN)
    picture.numEvents++
    picture.elapsed = Math.max(picture.elapsed, event.t)
    countStep(picture)
  }
  return run
}
