// A and B of trained low-rank adapters, kept in the run's state before they are merged, for a recipe with `save.adapters`.
import type { TrainableSet } from '../../../plan/trainable.ts'
import { readF32, type Backend } from '../../compute/backend.ts'
import type { Trainables } from '../../recover/trainables.ts'
import { statePrefix } from './blockStore.ts'
import { bytesOf, type StateTensor } from './tensorFile.ts'

/** Names of the factors of a recovery; the model's tensors never begin like this. */
export const factorPrefix = (recovery: number): string => `${statePrefix}adapter.${recovery}.`

/** The factors of these linears as they are now; other kinds of adapters have none. */
export async function keptFactors(
  backend: Backend,
  linears: TrainableSet['adapted'],
  { parameters }: Trainables,
  recovery: number,
): Promise<StateTensor[]> {
  const kept: StateTensor[] = []
  for (const { name } of linears)
    for (const side of ['lora_A', 'lora_B']) {
      const value = parameters.param(`${name}.${side}`)
      if (!value) continue
      const bytes = bytesOf(await readF32(backend, value))
      kept.push({ name: `${factorPrefix(recovery)}${name}.${side}`, dtype: 'F32', shape: value.shape, bytes })
    }
  return kept
}
