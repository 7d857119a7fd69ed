// The adapter that a recovery merges, and what it changes of a model, found out before anything is computed.
import { layoutOfAdapter, type AdapterLayout } from '../../../plan/adapterLayout.ts'
import type { ResolvedRecover } from '../../../recipe/resolve.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { ofAdapter, openAdapter } from '../../checkpoint/adapterFolder.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'

export interface MergedAdapter {
  readonly file: Checkpoint
  readonly layout: AdapterLayout
}

/** The caller closes `file`. @throws EngineError 'not-found' or 'bad-checkpoint': it cannot be read, or is another model's. */
export async function openMerged({ adapter }: ResolvedRecover, { parameters }: Model): Promise<MergedAdapter> {
  if (adapter === undefined) throw new EngineError('bad-recipe', 'recover: mode merge needs adapter')
  const { config, file } = await openAdapter(adapter)
  try {
    const layout = ofAdapter(adapter, () => layoutOfAdapter(config, file.tensors, [...parameters.values()]))
    return { file, layout }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** @throws EngineError as `openMerged` does. */
export async function checkMerged(settings: ResolvedRecover, model: Model): Promise<void> {
  if (settings.mode === 'merge') await (await openMerged(settings, model)).file.close()
}
