// Reads files of adapters for a recovery: the start matrices that it names, and the adapter that it merges.
import { adapterOf, isAdapterName } from '../../../catalog/adapters/adapters.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../checkpoint/createCheckpoint.ts'
import { givenStart, randomStart } from '../../recover/adapters/adapter.ts'
import { type AdapterLayout, layoutOfAdapter } from '../../../plan/adapterLayout.ts'
import type { ResolvedRecover } from '../../../recipe/resolve.ts'
import { ofAdapter, openAdapter } from '../../checkpoint/adapterFolder.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'

export interface StartMatrices {
  /** Start matrix A of a linear, [rank, numIn]. @throws EngineError when the recipe's file lacks it. */
  of(linear: string, numIn: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Read from the recovery's file, or drawn by the recipe's seed. @throws EngineError 'not-found' or 'bad-checkpoint' of the file. */
export async function startMatricesOf(
  seed: number,
  { settings, place }: Pick<PlannedRecovery, 'settings' | 'place'>,
): Promise<StartMatrices> {
  const { rank, init } = settings.lora
  if (init === null)
    return { of: async (linear, numIn) => randomStart(seed, linear, rank, numIn), close: async () => undefined }
  const file = await openCheckpoint(init)
  return {
    of: (linear, numIn) => givenStart((tensor) => readF32Tensor(file, tensor), linear, rank, numIn, place),
    close: () => file.close(),
  }
}

/** Checks every start matrix that these adapters will need. @throws EngineError as `of` does. */
export async function checkStarts(recovery: PlannedRecovery): Promise<void> {
  if (recovery.settings.lora.init === null || !recovery.trainable) return
  const { adapted } = recovery.trainable
  const starts = await startMatricesOf(0, recovery)
  try {
    for (const { name, kind, shape } of adapted)
      if (!isAdapterName(kind) || adapterOf(kind).drawn) await starts.of(name, shape[1])
  } finally {
    await starts.close()
  }
}

/** The adapter that a recovery merges, and what it changes of a model. */
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
