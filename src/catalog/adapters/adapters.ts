// All adapters. Outside their own files nothing compares their names.
import type { AdapterRow } from './adapter.ts'
import { loraPrune } from './loraPrune.ts'
import { maskLora } from './maskLora.ts'
import { scaleLora } from './scaleLora.ts'

export const adapters = {
  lora_prune: loraPrune,
  scale_lora: scaleLora,
  mask_lora: maskLora,
} satisfies Record<string, AdapterRow>

/** Name of an adapter in a recipe's `train`. */
export type AdapterName = keyof typeof adapters

export const adapterNames = Object.keys(adapters) as AdapterName[]

/** The adapter to propose where any adapter would do. */
export const defaultAdapter: AdapterName = 'mask_lora'

export function adapterOf(name: AdapterName): AdapterRow {
  return adapters[name]
}

export function isAdapterName(name: unknown): name is AdapterName {
  return typeof name === 'string' && Object.hasOwn(adapters, name)
}

/** The adapter in a list of subsets; the first, if a recipe names several by mistake. */
export function adapterAmong(train: readonly string[]): AdapterName | null {
  return train.find(isAdapterName) ?? null
}

/** Adapters whose merge is exact, in the order in which they are proposed. */
export const exactAdapters = adapterNames.filter((name) => adapterOf(name).exact).reverse()
