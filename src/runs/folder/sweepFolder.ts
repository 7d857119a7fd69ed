// The folder in which a sweep keeps its plan, its runs and what they share: `.sparsescope/sweeps/<time>-<name>/` beside the recipe.
import { basename, dirname, join } from 'node:path'
import { runName, type RunName } from '../../formatting/runName.ts'

export interface SweepFolder {
  readonly path: string
  /** The recipe with its sweep, as the runs are expanded from it. */
  readonly recipe: string
  readonly plan: string
  /** Fingerprints of the files that the runs read, from when the sweep was planned. */
  readonly sources: string
  /** Ordinary run folders, by index. */
  readonly runs: string
  /** The table, rewritten whole when a run ends. */
  readonly table: string
  /** Work that one run does for the others. */
  readonly shared: string
  /** Runs that are not to be begun, or are to stop. */
  readonly cancelled: string
  /** The job array's script and what its tasks print; there once it has been submitted. */
  readonly slurm: string
  /** Why runs could not even begin: a text for each. */
  readonly refused: string
}

export function sweepFolderAt(path: string): SweepFolder {
  return {
    path,
    recipe: join(path, 'sweep.prune.yaml'),
    plan: join(path, 'plan.json'),
    sources: join(path, 'sources.json'),
    runs: join(path, 'runs'),
    table: join(path, 'sweep.json'),
    shared: join(path, 'shared'),
    cancelled: join(path, 'cancelled.json'),
    slurm: join(path, 'slurm'),
    refused: join(path, 'refused'),
  }
}

/** The folder of a recipe's sweeps. */
export function sweepsFolder(recipePath: string): string {
  return join(dirname(recipePath), '.sparsescope', 'sweeps')
}

/** The folder whose lock a process has while it makes a sweep of a recipe here. It is hidden, since it is no sweep. */
export function beginsIn(recipePath: string): string {
  return join(sweepsFolder(recipePath), '.begins')
}

export function runPathOf({ runs }: SweepFolder, index: number): string {
  return join(runs, String(index))
}

/** The sweep that a run's folder lies in, `…/sweeps/<sweep>/runs/<index>`; null for a run of its own. */
export function sweepOfRun(run: string): string | null {
  const [runs, sweep] = [dirname(run), dirname(dirname(run))]
  const isIn = basename(runs) === 'runs' && basename(dirname(sweep)) === 'sweeps' && /^\d+$/.test(basename(run))
  return isIn ? sweep : null
}

/** Name and beginning of a run by its folder; in a sweep, the sweep's name and time, and the run's number. */
export function nameOfRun(folder: string): RunName {
  const sweep = sweepOfRun(folder)
  if (sweep === null) return runName(basename(folder))
  const { name, ...times } = runName(basename(sweep))
  return { name: `${name} #${basename(folder)}`, ...times }
}
