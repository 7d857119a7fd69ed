// Where a recipe's adapters start: the file it names, or its seed.
import { adapterOf, isAdapterName } from '../../../shared/adapters/adapters.ts'
import type { ResolvedRecipe } from '../../../shared/recipe/resolve.ts'
import { openCheckpoint, type Checkpoint } from '../../checkpoint/checkpoint.ts'
import { bf16ToF32, f16ToF32 } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import { givenStart, randomStart } from '../../recover/startMatrices.ts'
import type { TrainableSet } from '../../../shared/plan/trainable.ts'

export interface StartMatrices {
  /** A [rank, numIn] of a linear. @throws EngineError when the recipe's file lacks it. */
  of(linear: string, numIn: number): Promise<Float32Array>
  close(): Promise<void>
}

/** @throws EngineError 'not-found' or 'bad-checkpoint' when the file cannot be opened. */
export async function startMatricesOf(recipe: ResolvedRecipe): Promise<StartMatrices> {
  const { rank, init } = recipe.recover?.lora ?? { rank: 1, init: null }
  if (init === null)
    return { of: async (linear, numIn) => randomStart(recipe.seed, linear, rank, numIn), close: async () => undefined }
  const file = await openCheckpoint(init)
  return {
    of: (linear, numIn) => givenStart((tensor) => readF32Tensor(file, tensor), linear, rank, numIn),
    close: () => file.close(),
  }
}

/** Looks for every start matrix that these adapters will ask for. @throws EngineError as `of` does. */
export async function checkStarts(recipe: ResolvedRecipe, { adapted }: TrainableSet): Promise<void> {
  if (!recipe.recover?.lora.init) return
  const starts = await startMatricesOf(recipe)
  try {
    for (const { name, kind, shape } of adapted)
      if (!isAdapterName(kind) || adapterOf(kind).drawn) await starts.of(name, shape[1])
  } finally {
    await starts.close()
  }
}

async function readF32Tensor(file: Checkpoint, name: string) {
  const entry = file.tensors.get(name)
  if (!entry) return null
  const { buffer } = await file.read(name)
  switch (entry.dtype) {
    case 'F32':
      return { shape: entry.shape, values: new Float32Array(buffer) }
    case 'F16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), f16ToF32) }
    case 'BF16':
      return { shape: entry.shape, values: Float32Array.from(new Uint16Array(buffer), bf16ToF32) }
    default:
      throw new EngineError('bad-data', `${file.path}: ${name} is ${entry.dtype}; start matrices are F32, F16 or BF16`)
  }
}
