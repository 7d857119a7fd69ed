// Reads or draws the adapters' start: from the file that the recovery names, or by the recipe's seed.
import { adapterOf, isAdapterName } from '../../../catalog/adapters/adapters.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../checkpoint/readF32.ts'
import { givenStart, randomStart } from '../../recover/adapters/adapter.ts'

export interface StartMatrices {
  /** A [rank, numIn] of a linear. @throws EngineError when the recipe's file lacks it. */
  of(linear: string, numIn: number): Promise<Float32Array>
  close(): Promise<void>
}

/** @throws EngineError 'not-found' or 'bad-checkpoint' when the file cannot be opened. */
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

/** Looks for every start matrix that these adapters will ask for. @throws EngineError as `of` does. */
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
