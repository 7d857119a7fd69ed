// The folder in which a sweep keeps its plan, its runs and what they share: `.sparsescope/sweeps/<time>-<name>/` beside the recipe.
import { basename, dirname, join } from 'node:path'
import { runName, type RunName } from '../../formatting/paths.ts'
import { EngineError } from '../../errors.ts'
import { mostRuns } from '../../recipe/sweep/settings.ts'
import { readOwn, isOwnFolder } from '../../system/ownFile.ts'
import { parseRecorded } from './recorded.ts'
import * as z from 'zod/mini'

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
  /** Why runs could not begin or continue: a text file for each. */
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

/** The sweep of a run's folder, `…/sweeps/<sweep>/runs/<index>`; null for a single run. */
export function sweepOfRun(run: string): string | null {
  const [runs, sweep] = [dirname(run), dirname(dirname(run))]
  const isIn = basename(runs) === 'runs' && basename(dirname(sweep)) === 'sweeps' && /^\d+$/.test(basename(run))
  return isIn ? sweep : null
}

/** Name and start time of a run by its folder; in a sweep, the sweep's name and time, and the run's number. */
export function nameOfRun(folder: string): RunName {
  const sweep = sweepOfRun(folder)
  if (sweep === null) return runName(basename(folder))
  const { name, ...times } = runName(basename(sweep))
  return { name: `${name} #${basename(folder)}`, ...times }
}

// plan.json and sources.json of the folder. They may come from anyone.

const largest = 2 ** 26
const text = z.string().check(z.maxLength(2 ** 16))
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))
const index = z.int().check(z.minimum(0), z.maximum(1e6))

const planShape = z.object({
  /** Id that is the same for the same runs. */
  id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  /** `hash`: of the resolved recipe, its paths relative, and of the contents of its sources. */
  runs: z
    .array(z.object({ index, name: text, settings: z.record(text, z.unknown()), hash: sha256 }))
    .check(z.maxLength(mostRuns)),
  /** Path from the sweep's folder to the folder of the recipe, to which paths are relative. */
  base: z.string().check(z.regex(/^\.\.(?:[\\/]\.\.)*$/)),
})
export type SweepPlan = z.infer<typeof planShape>

/** Fingerprints by path from the recipe's folder, from when the sweep was planned. */
const sourcesShape = z.record(
  text,
  z.object({ bytes: z.number().check(z.minimum(0)), sha256, stamp: text, seen: z.number() }),
)
type SweepSources = z.infer<typeof sourcesShape>

/** @throws EngineError 'not-found' if the folder is not a sweep's, 'bad-data' if its contents are invalid. */
export async function readPlan({ path, plan, ...folder }: SweepFolder): Promise<SweepPlan> {
  const written = await readOwn(plan, largest).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.code !== 'not-found') throw error
    throw new EngineError('not-found', `${path} is not the folder of a sweep: it has no plan.json`, { cause: error })
  })
  const read = parseRecorded(planShape, written, plan)
  if (read.runs.some((run, i) => run.index !== i))
    throw new EngineError('bad-data', `${plan} is not what a sweep writes: its runs are out of order`)
  // A link to another folder is refused before anything is read or written there.
  for (const part of [folder.runs, folder.shared, folder.refused, folder.slurm]) await isOwnFolder(path, part)
  return read
}

/** @throws EngineError. */
export async function readSources({ sources }: SweepFolder): Promise<SweepSources> {
  return parseRecorded(sourcesShape, await readOwn(sources, largest), sources)
}
