// --slurm KEY=VALUE: how a job array asks for machines, where the recipe does not say.
import { EngineError } from '../../engine/errors.ts'
import { slurmSchema, type SlurmOptions } from '../../recipe/sweepSchema.ts'

/** @throws EngineError 'usage' for a key or a value that `sweep.slurm` would not have. */
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

/** Counts are numbers; names of a cluster may look like some. */
function typed(key: string, value: string): unknown {
  return ['cpus', 'gpus', 'at_a_time'].includes(key) && /^\d+$/.test(value) ? Number(value) : value
}
