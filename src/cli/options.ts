// Options that several commands take, and their parsers.
import { InvalidArgumentError, Option } from 'commander'
import { EngineError } from '../engine/errors.ts'
import { nearest } from '../recipe/nearest.ts'
import type { TaskName } from '../catalog/tasks/tasks.ts'
import type { DataFiles } from '../recipe/dataFiles.ts'
import { hasFields } from '../recipe/settings/calibration.ts'
import type { Context } from './command.ts'
import { defaultMemoryBytes } from '../engine/machine.ts'
import { defaultPrecision, precisions, type PrecisionChoice } from '../recipe/modes.ts'
import { parseByteSize } from '../formatting/numbers.ts'

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('It must be a whole number of at least 1.')
}

export function numberFromZero(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidArgumentError('It must be a whole number, 0 or more.')
}

/** All values of an option that may be repeated. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value]
}

/** One of `names`. @throws EngineError 'usage' with the nearest name. */
export function taskNamed(option: string, text: string, names: readonly TaskName[]): TaskName {
  const name = names.find((known) => known === text)
  if (name) return name
  const near = nearest(text, names)
  const meant = near ? `did you mean ${near}?` : `choose one of ${names.join(', ')}`
  throw new EngineError('usage', `${option} ${text}: there is no such task; ${meant}`)
}

/** @throws EngineError 'usage' where --field is given and `data` has no columns or tensors. */
export function refuseIdleField({ refuseIdle }: Pick<Context, 'refuseIdle'>, data: DataFiles): void {
  const applies = hasFields({ data }, undefined)
  if (applies !== true) refuseIdle(['--field'], `has no effect ${applies.reason}: remove it`)
}

/** The option that limits the memory of a command. */
export function memoryOption(): Option {
  return new Option('--memory <size>', 'memory to use, such as 8GB (default: half of what is free)')
}

/** @throws EngineError 'usage' for an invalid size. */
export function memoryBytes(size: string | undefined): number {
  if (size === undefined) return defaultMemoryBytes()
  const bytes = parseByteSize(size)
  if (bytes !== null && bytes > 0) return bytes
  throw new EngineError('usage', `--memory ${size} is not a size; write it like 8GB or 500MiB`)
}

/** undefined: the option is absent, and a run takes the default. @throws EngineError 'usage' for an invalid size. */
export function askedMemory(size: string | undefined): number | undefined {
  return size === undefined ? undefined : memoryBytes(size)
}

export interface PrecisionOptions {
  precision?: PrecisionChoice
}

/** `otherwise`: the default, in words. */
export function precisionOption(otherwise: string = defaultPrecision): Option {
  const about = `precision of products; auto: bf16 where the device multiplies it faster and the checkpoint stores 16 bits (default: ${otherwise})`
  return new Option('--precision <precision>', about).choices(precisions)
}
