// Recipes of other tools, recognised by what is in them: their files have no extension of their own.
import { isRecord } from '../../format/records.ts'

export type Dialect = 'llm-compressor' | 'sparseml' | 'perp'

export const dialectNames: Record<Dialect, string> = {
  'llm-compressor': 'an llm-compressor recipe',
  sparseml: 'a SparseML recipe',
  perp: 'a W&B sweep of PERP',
}

/** Title of the action that makes a recipe of it. */
export const convertTitle = 'Convert to SparseScope recipe'

/** Path or address of the recipe that is made of one: beside it. */
export function convertedPlace(place: string): string {
  return place.replace(/(?:\.ya?ml|\.md|\.json)?$/, '.prune.yaml')
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonMap = { [key: string]: Json }

const oldSparseMl = [
  'percdamp',
  'prunen',
  'prunem',
  'target_ids',
  'layer_prefix',
  'compress_layers',
  'sequential_update',
]
const perpKeys = ['goal_sparsity', 'prune_method', 'peft_strategy', 'training_mode', 'peft_use_bias', 'lora_type']

/** The tool that a parsed file belongs to; null for ours and for anything else. */
export function dialectOf(value: unknown): Dialect | null {
  if (!isMap(value)) return null
  const parameters = isMap(value.parameters) ? value.parameters : value
  if (perpKeys.some((k) => Object.hasOwn(parameters, k))) return 'perp'
  const modifiers = modifiersIn(value)
  if (modifiers.length === 0) return null
  const old = modifiers.some(({ settings }) => oldSparseMl.some((k) => Object.hasOwn(settings, k)))
  return old || Object.keys(value).includes('modifiers') ? 'sparseml' : 'llm-compressor'
}

export interface Modifier {
  /** Class name: `SparseGPTModifier`. */
  name: string
  settings: JsonMap
  path: (string | number)[]
}

/** Every map under a key that ends in `Modifier`, at most four levels deep, in the order of the text. */
export function modifiersIn(value: unknown, path: (string | number)[] = []): Modifier[] {
  if (path.length > 4) return []
  if (Array.isArray(value)) return value.flatMap((v, i) => modifiersIn(v, [...path, i]))
  if (!isMap(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key]
    if (/^[A-Z]\w*Modifier$/.test(key)) return [{ name: key, settings: isMap(inner) ? inner : {}, path: here }]
    return modifiersIn(inner, here)
  })
}

export function isMap(value: unknown): value is JsonMap {
  return isRecord(value)
}
