// The options of `sparsescope sweep`.
import type { CommonOptions, Context } from '../command.ts'
import { memoryBytes, type PrecisionOptions } from '../options.ts'
import { EngineError } from '../../engine/errors.ts'
import { type SlurmOptions, slurmSchema } from '../../recipe/sweepSchema.ts'
import type { EngineName } from './engine.ts'

/** Options as given on the command line. */
export interface SweepOptions extends CommonOptions, PrecisionOptions {
  set: string[]
  engine?: EngineName
  /** `key=value` of the recipe's `sweep.slurm`. */
  slurm: string[]
  /** Whether to wait for Slurm's jobs: false with --no-wait. */
  wait?: boolean
  /** File into which the path of the sweep's folder is written. */
  tellFolder?: string
  jobs?: number
  index?: number
  /** Whether the local engine of a sweep started this process, which is connected to it by a channel. */
  child?: boolean
  threads?: number
  memory?: string
}

/** Checks options before a sweep is made. @throws EngineError 'usage' for an option that is wrong by itself. */
export function checkOptions({ memory, slurm }: SweepOptions): void {
  memoryBytes(memory)
  slurmOptions(slurm)
}

/** What `sweep` does: an action, or `run` by one of its engines, or with --index. */
export type SweepWork = 'plan' | 'status' | 'cancel' | 'one' | EngineName

const works: Readonly<Record<SweepWork, { readonly name: string; readonly remedy: string }>> = {
  plan: { name: 'sweep plan', remedy: 'remove it' },
  status: { name: 'sweep status', remedy: 'remove it' },
  cancel: { name: 'sweep cancel', remedy: 'remove it' },
  one: { name: '--index, which runs one run here', remedy: 'remove one of them' },
  local: { name: 'the local engine', remedy: 'remove it, or add --engine slurm' },
  slurm: { name: 'Slurm', remedy: 'remove it' },
}

/** The works that use an option which others do not. --memory and --threads are limits, which also hold where nothing is computed. */
const uses: Readonly<Record<string, readonly SweepWork[]>> = {
  '--slurm': ['slurm'],
  '--no-wait': ['slurm'],
  '--jobs': ['plan', 'local'],
  '--index': ['cancel', 'one'],
  '--threads': ['plan', 'status', 'cancel', 'one', 'local'],
  '--memory': ['plan', 'status', 'cancel', 'one', 'local'],
}

/** Keys of `sweep.slurm` that set what these options set for the local engine. */
const slurmKeys: Readonly<Record<string, string>> = { '--jobs': 'at_a_time', '--threads': 'cpus', '--memory': 'memory' }

/** @throws EngineError 'usage' for an option that would do nothing. */
export function refuseUseless({ refuseIdle }: Pick<Context, 'refuseIdle'>, work: SweepWork): void {
  const { name, remedy } = works[work]
  for (const [option, users] of Object.entries(uses)) {
    if (users.includes(work)) continue
    const key = work === 'slurm' ? slurmKeys[option] : undefined
    refuseIdle([option], `has no effect with ${name}: ${key === undefined ? remedy : `write --slurm ${key}=…`}`)
  }
}

/** Options of the device for a run's own process. */
export function deviceArguments(options: SweepOptions): string[] {
  const given = { device: options.device, adapter: options.adapter, 'device-memory': options.deviceMemory }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

/**
 * `--slurm KEY=VALUE`: resources of the job array that the recipe does not set.
 * @throws EngineError 'usage' for a key or a value that `sweep.slurm` does not take.
 */
export function slurmOptions(given: readonly string[]): SlurmOptions {
  const pairs = given.map((one) => {
    const [, key, value] = /^(\w+)=(.*)$/s.exec(one) ?? []
    if (key === undefined) throw new EngineError('usage', `--slurm ${one}: write it like --slurm partition=gpu`)
    return [key, value] as const
  })
  const shape = slurmSchema.shape
  for (const [key, value] of pairs) {
    const known = Object.keys(shape)
    if (!Object.hasOwn(shape, key))
      throw new EngineError('usage', `--slurm ${key}=${value}: there is no ${key}; it has ${known.join(', ')}`)
    const parsed = slurmSchema.safeParse({ [key]: typed(key, value) })
    if (!parsed.success) throw new EngineError('usage', `--slurm ${key}=${value}: ${parsed.error.issues[0].message}`)
  }
  return slurmSchema.parse(Object.fromEntries(pairs.map(([key, value]) => [key, typed(key, value)])))
}

/** Counts become numbers. Other values stay text, since names in a cluster may consist of digits. */
function typed(key: string, value: string): unknown {
  return ['cpus', 'gpus', 'at_a_time'].includes(key) && /^\d+$/.test(value) ? Number(value) : value
}
