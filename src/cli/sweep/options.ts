import type { CommonOptions } from '../command.ts'
import type { EngineName } from './engines.ts'
import { memoryBytes } from '../memoryOption.ts'
import type { PrecisionOptions } from '../precisionOption.ts'
import { slurmOptions } from './slurmOption.ts'
import { wholeNumber } from './wholeNumber.ts'

/** Options as given on the command line. */
export interface SweepOptions extends CommonOptions, PrecisionOptions {
  set: string[]
  engine?: EngineName
  /** `key=value` of the recipe's `sweep.slurm`. */
  slurm: string[]
  /** Whether to wait for Slurm's jobs: false with --no-wait. */
  wait?: boolean
  /** File for the sweep's folder. */
  tellFolder?: string
  jobs?: string
  index?: string
  /** The local engine of a sweep has started this process, and holds its other end. */
  child?: boolean
  threads?: string
  memory?: string
}

/** @throws EngineError 'usage' for an option that is wrong by itself: found before a sweep is made. */
export function checkOptions({ jobs, threads, index, memory, slurm }: SweepOptions): void {
  for (const [option, text, least] of [
    ['--jobs', jobs, 1],
    ['--threads', threads, 1],
    ['--index', index, 0],
  ] as const)
    if (text !== undefined) wholeNumber(option, text, least)
  memoryBytes(memory)
  slurmOptions(slurm)
}

/** Options of the device for a run's own process. */
export function deviceArguments(options: SweepOptions): string[] {
  const given = { device: options.device, adapter: options.adapter, 'device-memory': options.deviceMemory }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}
