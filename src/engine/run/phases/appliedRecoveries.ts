// The recoveries of one walk over the blocks, as what they do to a block.
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { BlockRecovery } from '../../blocks/processBlocks.ts'
import type { PruneHost } from '../../prune/host.ts'
import { startMatricesOf, type StartMatrices } from '../open/startMatricesOf.ts'
import type { AppliedRecovery } from './blocksPhase.ts'
import { reconstruction } from './reconstruction.ts'
import { refitting } from './refitting.ts'
import type { RunContext } from './runContext.ts'
import { stepCounts } from './stepCount.ts'

/** Opens what they need for as long as `body` runs. */
export async function withApplied<T>(
  { session, plan, budgetOf }: RunContext,
  recoveries: readonly PlannedRecovery[],
  host: PruneHost,
  body: (applied: readonly AppliedRecovery[]) => Promise<T>,
): Promise<T> {
  const opened: StartMatrices[] = []
  const counts = stepCounts(session, recoveries)
  const budget = budgetOf(recoveries)
  const applied: AppliedRecovery[] = []
  try {
    for (const [i, planned] of recoveries.entries()) {
      const shared = { session, plan, recovery: planned, advance: counts[i] }
      const { trainable } = planned
      if (!trainable) {
        applied.push({ planned, apply: refitting({ ...shared, host }) })
        continue
      }
      const starts = await startMatricesOf(session.recipe.seed, planned)
      opened.push(starts)
      applied.push({ planned, apply: reconstruction({ ...shared, trainable, budget, starts }) })
    }
    return await body(applied.length > 1 ? applied.map((one) => ({ ...one, apply: saysItsTurn(one) })) : applied)
  } finally {
    for (const starts of opened) await starts.close()
  }

  function saysItsTurn({ planned, apply }: AppliedRecovery): BlockRecovery {
    return {
      ...apply,
      recover(work) {
        session.turnTo(planned.settings.mode, planned.index)
        return apply.recover(work)
      },
    }
  }
}
