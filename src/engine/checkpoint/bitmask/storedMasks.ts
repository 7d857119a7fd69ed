// Masks of a model's linears as its file stores their weights.
import { blockLinears, modelParameters, moduleOfWeight } from '../../../shared/families/parameters.ts'
import type { ModelConfig } from '../../../shared/families/modelConfig.ts'
import type { MaskBits } from '../maskFile.ts'
import { transposeBits } from './transposeBits.ts'

/** `masks` by module, rows are outputs; the result by the weight's name. */
export function storedMasks(config: ModelConfig, masks: ReadonlyMap<string, MaskBits>): Map<string, MaskBits> {
  const stored = new Map<string, MaskBits>()
  for (const { name, transposed } of blockLinears(config)) {
    const mask = masks.get(name)
    if (mask) stored.set(`${name}.weight`, transposed ? transposeBits(mask) : mask)
  }
  return stored
}

/** Linears without a mask: the head, routers, and what was not pruned. */
export function wholeLinears(config: ModelConfig, masks: ReadonlyMap<string, MaskBits>): string[] {
  const isLinear = new Set(['linear', 'projection', 'router', 'head'])
  const modules = modelParameters(config).filter(({ kind }) => isLinear.has(kind))
  return modules.map(({ name }) => moduleOfWeight(name)).filter((name) => !masks.has(name))
}
