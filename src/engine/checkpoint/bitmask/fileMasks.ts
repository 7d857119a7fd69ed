// Masks of a model's linears as its file stores their weights.
import { blockLinears, modelParameters, moduleOfWeight } from '../../../catalog/families/parameters.ts'
import type { ModelConfig } from '../../../catalog/families/modelConfig.ts'
import type { StoredMask, StoredMasks } from '../storedMask.ts'
import { transposeBits } from './transposeBits.ts'

/** `masks` by module, rows are outputs; the result by the weight's name, as its matrix lies in the file. */
export function fileMasks(config: ModelConfig, masks: StoredMasks): Map<string, StoredMask> {
  const inFile = new Map<string, StoredMask>()
  for (const { name, transposed } of blockLinears(config)) {
    const mask = masks.get(name)
    if (mask) inFile.set(`${name}.weight`, transposed ? turned(mask) : mask)
  }
  return inFile
}

function turned({ rows, columns, read }: StoredMask): StoredMask {
  return { rows: columns, columns: rows, read: async () => transposeBits(await read()) }
}

/** Linears without a mask: the head, routers, and what was not pruned. */
export function wholeLinears(config: ModelConfig, masks: StoredMasks): string[] {
  const isLinear = new Set(['linear', 'projection', 'router', 'head'])
  const modules = modelParameters(config).filter(({ kind }) => isLinear.has(kind))
  return modules.map(({ name }) => moduleOfWeight(name)).filter((name) => !masks.has(name))
}
