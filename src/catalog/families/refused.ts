// Settings of config.json that change what a model computes in ways that are not implemented: refused, never ignored.
import { isBitmaskConfig } from '../formats/bitmask.ts'
import { FamilyError } from './familyError.ts'
import type { FamilySpec } from './familySpec.ts'
import type { ConfigJson } from './settings.ts'

/** Settings that are refused in every family. */
const everywhere = ['quantization_config', { key: 'is_causal', unless: true }] as const

/** @throws FamilyError 'unsupported' with the setting and what it says. */
export function refuse(json: ConfigJson, family: FamilySpec): void {
  for (const setting of [...family.refused, ...everywhere]) {
    const key = typeof setting === 'string' ? setting : setting.key
    const value = json[key]
    if (typeof setting === 'object' && 'contains' in setting) {
      refuseEntry(key, value, setting.contains, family)
      continue
    }
    const harmless = typeof setting === 'string' ? false : setting.unless
    if (value === undefined || value === null || value === harmless || isBitmaskConfig(value)) continue
    if (Array.isArray(value) && value.length === 0) continue
    throw unsupported(key, value, `${family.title} models with it cannot be computed here`)
  }
  refuseTwoWords(json, family)
}

/** Refuses a list with this entry. */
function refuseEntry(key: string, value: unknown, entry: string, { title }: FamilySpec): void {
  if (!Array.isArray(value) || !value.includes(entry)) return
  throw new FamilyError(
    'unsupported',
    `${key} contains ${JSON.stringify(entry)}; ${title} models with it cannot be computed here`,
  )
}

/** If config.json has a setting under two names, the values must be equal: programs differ in which they take. */
function refuseTwoWords(json: ConfigJson, { aliases, keys }: FamilySpec): void {
  for (const [alias, key] of Object.entries(aliases)) same(json, alias, key)
  same(json, 'rope_parameters', 'rope_scaling')
  if (keys.headDim === null && typeof json[keys.hiddenSize] === 'number' && typeof json[keys.numHeads] === 'number') {
    const headDim = Number(json[keys.hiddenSize]) / Number(json[keys.numHeads])
    if ((json['head_dim'] ?? headDim) !== headDim)
      throw unsupported('head_dim', json['head_dim'], `${keys.hiddenSize} / ${keys.numHeads} is ${headDim}`)
  }
}

function same(json: ConfigJson, one: string, other: string): void {
  const [a, b] = [one, other].map((key) => JSON.stringify(json[key] ?? null))
  if (a === b || a === 'null' || b === 'null' || a === '{}' || b === '{}') return
  throw new FamilyError(
    'unsupported',
    `${one} and ${other} are both set and differ; programs differ in which they take, so remove one`,
  )
}

function unsupported(key: string, value: unknown, why: string): FamilyError {
  const shown = typeof value === 'object' ? 'set' : JSON.stringify(value)
  return new FamilyError('unsupported', `${key} is ${shown}; ${why}`)
}
