// Reads values of config.json. A value that is missing or implausible is an error that says so.
import { FamilyError } from './familyError.ts'
import type { Setting } from './familySpec.ts'

export type ConfigJson = Readonly<Record<string, unknown>>

/** Sizes beyond this are typing errors or attacks: no count or width of a real model comes near. */
const largestSize = 2 ** 31 - 1

/** A whole number of at least 1. Missing or null: `otherwise`, or an error when there is none. */
export function readSize(config: ConfigJson, key: string, otherwise?: number): number {
  const value = config[key] ?? otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= largestSize) return value
  throw wrong(key, value, 'a whole number of at least 1')
}

/** A finite number above 0. */
export function readPositive(config: ConfigJson, key: string, otherwise?: number): number {
  const value = config[key] ?? otherwise
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw wrong(key, value, 'a number above 0')
}

export function readFlag(config: ConfigJson, key: string, otherwise: boolean): boolean {
  const value = config[key] ?? otherwise
  if (typeof value === 'boolean') return value
  throw wrong(key, value, 'true or false')
}

export function readSetting(config: ConfigJson, setting: Setting<boolean>): boolean {
  return typeof setting === 'boolean' ? setting : readFlag(config, setting.key, setting.otherwise)
}

/** The first of `keys` that is present and not null. */
export function firstKey(config: ConfigJson, keys: readonly string[]): string | null {
  return keys.find((key) => config[key] !== undefined && config[key] !== null) ?? null
}

/** The finite number of a setting, above 0. */
export function readNumber(config: ConfigJson, setting: Setting<number>): number {
  return typeof setting === 'number' ? setting : readPositive(config, setting.key, setting.otherwise)
}

export function wrong(key: string, value: unknown, wanted: string): FamilyError {
  const got = value === undefined || value === null ? 'is missing' : `is ${JSON.stringify(value)}`
  return new FamilyError('bad-config', `${key} ${got}; it must be ${wanted}`)
}
