// How far a run is, from what its folder shows: the one rule of the command line and of the editor.
import type { RunEnd } from '../events/endOfRun.ts'
import type { SweepRunState } from '../compared/sweepTable.ts'

export interface Standing {
  readonly state: SweepRunState
  /** Why it did not end well. */
  readonly message: string | null
}

/** Signs of a run in its folder. */
export interface RunSigns {
  /** A process has it: its lock moves. */
  readonly isHeld: boolean
  /** The last event, if it is an end: a run that goes on after it writes `start` again. */
  readonly end: RunEnd | null
  /** A run writes its report, then says its end: it is done when both are there. */
  readonly hasReport: boolean
}

/** Signs of a run in its sweep, outside its folder. */
export interface SweepSigns {
  /** An engine will still begin it, or begin it again. */
  readonly isQueued: boolean
  readonly isCancelled: boolean
  /** Why its last process could not begin it, or not go on with it, or ended; null: nothing is known of that. */
  readonly refusal: string | null
}

/** Signs for a run that belongs to no sweep. */
export const aloneOnDisk: SweepSigns = { isQueued: false, isCancelled: false, refusal: null }

/** Standing of a run whose folder is there. `command` goes on with the run. */
function standingOf({ isHeld, end, hasReport }: RunSigns, isQueued: boolean, command: string): Standing {
  if (isHeld) return { state: 'running', message: null }
  if (hasReport && end?.status === 'done') return { state: 'done', message: null }
  if (isQueued) return { state: 'waiting', message: null }
  // What a cancelled run says is how to resume it alone; whoever cancelled it knows why.
  if (end?.status === 'cancelled') return { state: 'cancelled', message: null }
  if (end?.status === 'failed') return { state: 'failed', message: end.message ?? null }
  return { state: 'failed', message: `its process ended without a word; ${command} goes on where it was` }
}

/** `signs` null: the run has no folder yet. */
export function standingInSweep(
  signs: RunSigns | null,
  { isQueued, isCancelled, refusal }: SweepSigns,
  command = 'sparsescope sweep run',
): Standing {
  const told = signs ? standingOf(signs, isQueued, command) : notBegun(isQueued ? null : refusal)
  const isOpen = told.state === 'cancelled' || told.state === 'failed'
  const asTold: Standing = isOpen && refusal !== null ? { state: 'failed', message: refusal } : told
  // A run that was stopped on purpose may have had no time to write so.
  const stopped = asTold.state === 'failed' || asTold.state === 'waiting'
  return isCancelled && stopped ? { state: 'cancelled', message: null } : asTold
}

function notBegun(refusal: string | null): Standing {
  return { state: refusal === null ? 'waiting' : 'failed', message: refusal }
}
