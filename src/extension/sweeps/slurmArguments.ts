// How a job array asks for machines, from the settings, as the command line takes it.

export interface SlurmSettings {
  partition: string
  account: string
  qos: string
  constraint: string
  time: string
  memory: string
  cpus: number
  gpus: number
  atATime: number
}

/** An empty text and 0 say nothing. A recipe's `sweep.slurm` goes before. */
export function slurmArguments({ atATime, ...named }: SlurmSettings): string[] {
  const given = Object.entries({ ...named, at_a_time: atATime }).map(([key, value]) => [key, String(value).trim()])
  return given.flatMap(([key, value]) => (value === '' || value === '0' ? [] : ['--slurm', `${key}=${value}`]))
}
