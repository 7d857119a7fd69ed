// Refitting of one block inside a run: settings from the recipe, dense weights from the source.
import { EngineError } from '../../errors.ts'
import type { BlockRecovery } from '../../blocks/walkBlocks.ts'
import { decode, readWeight, storedDType } from '../../model/weightIo.ts'
import type { PruneHost } from '../../prune/host.ts'
import { refitBlock, type RefitOptions } from '../../prune/refit.ts'
import { sumMovement } from '../../recover/movement.ts'
import { prunedNames } from '../../../plan/pruneEntries.ts'
import type { PlannedRecovery, RunPlan } from '../../../plan/runPlan.ts'
import type { Movement } from '../../../runs/series/events.ts'
import type { RunSession } from '../state/session.ts'
import type { StepCount } from './stepCount.ts'

export interface Refitting {
  readonly session: RunSession
  readonly plan: Pick<RunPlan, 'entries'>
  readonly recovery: PlannedRecovery
  readonly host: PruneHost
  readonly advance: StepCount
}

/** The recovery of each block under `mode: refit`. */
export function refitting({ session, plan, recovery, host, advance }: Refitting): BlockRecovery {
  const { backend, model, signal } = session
  const { steps, dampening = 0 } = recovery.settings
  const chosen = prunedNames(plan.entries)
  const denseOf = async (name: string) => {
    const parameter = model.parameters.get(`${name}.weight`)
    if (!parameter) throw new EngineError('internal', `${name}.weight is no parameter of this model`)
    return decode(await readWeight(model, parameter))
  }
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
