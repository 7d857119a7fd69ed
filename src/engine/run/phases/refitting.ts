// Refitting of one block inside a run: settings from the recipe, dense weights from the source.
import { EngineError } from '../../errors.ts'
import type { BlockRecovery } from '../../blocks/walkBlocks.ts'
import { decode, readWeight } from '../../model/weightIo.ts'
import type { PruneHost } from '../../prune/host.ts'
import { refitBlock } from '../../prune/refit.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { ResolvedRecover } from '../../../shared/recipe/resolve.ts'
import type { RunSession } from '../state/session.ts'

/** What `recover.mode: refit` does to each block. */
export function refitting(
  session: RunSession,
  plan: RunPlan,
  recover: ResolvedRecover,
  host: PruneHost,
): BlockRecovery {
  const { backend, model, signal } = session
  const chosen = new Set(plan.entries.flatMap(({ sparsities }) => [...sparsities.keys()]))
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
      // Of masks that came with the source the dense weights are gone.
      const own = new Map([...masks].filter(([name]) => chosen.has(name)))
      const { steps, dampening = 0 } = recover
      const shared = { backend, host, linears: block.linears, masks: own, statistics, denseOf, signal }
      const errors = await session.time('reconstruct', () => refitBlock({ ...shared, steps, dampening }))
      return errors && { ...errors, errorMerged: errors.errorAfter }
    },
  }
}
