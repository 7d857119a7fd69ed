// How far recoveries move what they train: measured where both values are at hand, told in the events, kept for the report.
import type { Movement } from '../../../runs/series/events.ts'
import { storedDType } from '../../model/weights.ts'
import { movementOf, type OnMerge } from '../../recover/movement.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { RunSession } from '../state/session.ts'
import { numberOf } from './trainingSteps.ts'

/** Measures each tensor that is merged, and adds it to `moved` under its name in the checkpoint. */
export function movesInto({ backend, model }: RunSession, moved: Record<string, Movement>): OnMerge {
  return async (name, before, after) => {
    moved[name] = await movementOf(backend, before, after, storedDType(model, name))
  }
}

/** Keeps what a recovery moved in a block (null: outside the blocks), in place of what an interrupted session said of it. */
export function recordMoves(
  session: RunSession,
  recovery: PlannedRecovery,
  block: number | null,
  tensors: Readonly<Record<string, Movement>>,
): void {
  if (Object.keys(tensors).length === 0) return
  const { index } = recovery
  const { progress, log } = session
  const others = progress.moves.filter((one) => one.recovery !== index || one.block !== block)
  progress.moves = [...others, { recovery: index, block, tensors }]
  log.emit({ type: 'moved', ...numberOf(session, recovery), block, tensors })
}
