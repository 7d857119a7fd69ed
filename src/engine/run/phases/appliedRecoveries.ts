// The recoveries of one pass over the blocks, each as a function of a block.
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { BlockRecovery } from '../../blocks/processBlocks.ts'
import type { PruneHost } from '../../prune/host.ts'
import { type StartMatrices, startMatricesOf } from '../open/givenAdapters.ts'
import { reconstruction } from './reconstruction.ts'
import type { RunContext } from './runContext.ts'
import { stepCounts, type StepCount } from './trainingSteps.ts'
import { readValues, storedDType } from '../../model/weights.ts'
import { refitBlock, type RefitOptions } from '../../prune/refit.ts'
import { sumMovement } from '../../recover/movement.ts'
import type { Movement } from '../../../runs/series/events.ts'
import { prunedNames } from '../../../plan/pruneEntry.ts'
import type { RunSession } from '../state/session.ts'

/** One of the recipe's recoveries with what it does to a block. */
export interface AppliedRecovery {
  readonly planned: PlannedRecovery
  readonly apply: BlockRecovery
}

/** Opens what the recoveries need for as long as `body` runs. */
export async function withApplied<T>(
  { session, budgetOf }: RunContext,
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
      const shared = { session, recovery: planned, advance: counts[i] }
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

interface Refitting {
  readonly session: RunSession
  readonly recovery: PlannedRecovery
  readonly host: PruneHost
  readonly advance: StepCount
}

/** The recovery of each block under `mode: refit`. */
function refitting({ session, recovery, host, advance }: Refitting): BlockRecovery {
  const { backend, model, signal } = session
  const { steps, dampening = 0 } = recovery.settings
  const chosen = prunedNames(session.plan.entries)
  const denseOf = (name: string) => readValues(model, `${name}.weight`)
  return {
    dense: null,
    middles: false,
    hessians: true,
    async recover({ block, masks, statistics }) {
      if (!statistics) return null
      // Masks that came with the source are left out: their dense weights are gone.
      const own = new Map([...masks].filter(([name]) => chosen.has(name)))
      const moved: Record<string, Movement> = {}
      const onRefit: RefitOptions['onRefit'] = ({ name, weight }, before, after) => {
        const sum = sumMovement(weight.shape, storedDType(model, `${name}.weight`))
        sum.add(0, before, after)
        moved[`${name}.weight`] = sum.result()
      }
      const shared = { backend, host, linears: block.linears, masks: own, statistics, denseOf, onRefit, signal }
      const errors = await session.time('refit', () => refitBlock({ ...shared, steps, dampening }))
      advance(block.index, steps)
      return errors && { ...errors, errorMerged: errors.errorAfter, moved }
    },
  }
}
