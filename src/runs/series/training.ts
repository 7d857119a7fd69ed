// What the view of a run's training draws: the unit at work, zeros of pruned matrices, and how far recoveries moved tensors.
import type { Movement, RunEvent } from './events.ts'

/** By name in the checkpoint. */
export type MovedTensors = Readonly<Record<string, Movement>>

export interface AtWork {
  /** Index of the recovery; null: pruning. */
  readonly recovery: number | null
  /** null: the whole model. */
  readonly block: number | null
  /** Finished optimiser steps of this unit; null: it has none, or has not begun. */
  readonly step: number | null
}

/** What is new since the last time. */
export interface TrainingUpdate {
  /** null: nothing of the model is changed now. */
  readonly at: AtWork | null
  /** By index of the recovery. */
  readonly moved: Readonly<Record<number, MovedTensors>>
  /** Share of zeros by matrix, for those that are pruned. */
  readonly sparsities: Readonly<Record<string, number>>
}

export const noTraining: TrainingUpdate = { at: null, moved: {}, sparsities: {} }

/** Everything that is known, with what is new. */
export function addTraining(known: TrainingUpdate, { at, moved, sparsities }: TrainingUpdate): TrainingUpdate {
  const all: Record<number, MovedTensors> = { ...known.moved }
  for (const [index, tensors] of Object.entries(moved)) all[Number(index)] = { ...all[Number(index)], ...tensors }
  return { at, moved: all, sparsities: { ...known.sparsities, ...sparsities } }
}

/** What events in their order say; `at`: what was at work before them. */
export function trainingIn(events: readonly RunEvent[], at: AtWork | null): TrainingUpdate {
  const moved: Record<number, MovedTensors> = {}
  const sparsities: Record<string, number> = {}
  for (const event of events) {
    at = workAfter(event, at)
    if (event.type === 'moved') {
      const { recovery = 0, tensors } = event
      moved[recovery] = { ...moved[recovery], ...tensors }
    }
    if (event.type === 'block')
      for (const [module, { sparsity }] of Object.entries(event.modules))
        if (sparsity > 0) sparsities[`${module}.weight`] = sparsity
  }
  return { at, moved, sparsities }
}

const whole = new Set(['retrain', 'merge'])
const blockwise = new Set(['reconstruct', 'refit'])

function workAfter(event: RunEvent, at: AtWork | null): AtWork | null {
  switch (event.type) {
    case 'start':
    case 'end':
      return null
    case 'phase': {
      const { phase, recovery = 0 } = event
      if (phase === 'prune') return { recovery: null, block: at?.block ?? 0, step: null }
      if (whole.has(phase)) return { recovery, block: null, step: null }
      // After a phase between two blocks, such as an evaluation, the recovery continues at its block.
      return blockwise.has(phase) ? { recovery, block: at?.recovery === recovery ? at.block : 0, step: null } : null
    }
    case 'step':
      return { recovery: event.recovery ?? 0, block: event.block ?? null, step: event.step }
    case 'block':
      return at && at.block !== null ? { ...at, block: event.block + 1, step: null } : at
    default:
      return at
  }
}
