// Everything the inspector says about one tensor's values.
import type { TensorStats } from '../../../protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { elementFormat } from './elementFormat.ts'
import { rangesOf } from './rowRanges.ts'
import { sumParts, tallyTensor, type TallyOptions, type TensorTally } from './tensorTally.ts'
import { summariseValues } from './valueSummary.ts'

export type StatsOptions = Omit<TallyOptions, 'range'>

/** null when the element type can only be listed. @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
export async function tensorStats(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  options: StatsOptions = {},
): Promise<TensorStats | null> {
  const parts: (TensorTally | null)[] = []
  for (const range of rangesOf(entry, options)) parts.push(await tallyTensor(checkpoint, entry, { ...options, range }))
  return statsOf(entry, parts)
}

/** Statistics of all parts, in the order of their rows; null where they could not be read. */
export function statsOf(entry: TensorEntry, parts: readonly (TensorTally | null)[]): TensorStats | null {
  const format = elementFormat(entry.dtype)
  const read = parts.filter((part) => part !== null)
  if (!format || read.length < parts.length) return null
  const { zeros, parameters, nm, values } = sumParts(read)
  const sparsity = parameters ? zeros / parameters : 0
  return { name: entry.name, zeros, sparsity, ...summariseValues(format, values), nm }
}
