// Opens a sweep on disk: a new one, one found by its plan, or one given by its folder.
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { SlurmOptions } from '../../recipe/sweepSchema.ts'
import type { RunOfSweepEstimates } from '../../runs/compared/sweepEstimates.ts'
import type { SweepRun } from '../../recipe/sweep/expandSweep.ts'
import { EngineError } from '../errors.ts'
import { type RecipeFile, recipeYaml, readRecipe } from '../run/open/recipeFile.ts'
import { temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import { madeOnce } from '../../runs/sharedWork.ts'
import { createNamedFolder, timedPlace } from '../../runs/folder/runFolder.ts'
import type { KnownFiles } from '../run/state/sources.ts'
import { labelsOfRuns, lintBegunRuns, lintRuns, type PlannedSweep, planSweep, runsOfSweep } from './planSweep.ts'
import {
  beginsIn,
  runPathOf,
  type SweepFolder,
  sweepFolderAt,
  sweepsFolder,
  readPlan,
  readSources,
  type SweepPlan,
} from '../../runs/folder/sweepFolder.ts'
import { readRunsOnce } from '../../runs/reader/runsReader.ts'
import { readSweepSigns } from '../../runs/runStatus.ts'
import type { SweepTable } from '../../runs/compared/sweepTable.ts'

export interface Sweep {
  readonly id: string
  readonly folder: SweepFolder
  /** The recipe with its sweep; its paths are relative to the folder of the recipe that the person wrote. */
  readonly file: RecipeFile
  readonly runs: readonly SweepRun[]
  /** Hash of each run, as planned. */
  readonly hashes: readonly string[]
  readonly known: KnownFiles
  readonly slurm: SlurmOptions
}

/** A path that a person gives: a folder means that sweep, a recipe the newest sweep that has the same plan. */
export interface SweepRequest {
  readonly path: string
  readonly settings: readonly string[]
  readonly signal?: AbortSignal
}

/** @throws EngineError 'not-found' when the recipe's sweep has not been begun. */
export async function findSweep(request: SweepRequest): Promise<Sweep> {
  const found = await lookForSweep(request)
  if (found.sweep) return found.sweep
  const { path } = request
  throw new EngineError(
    'not-found',
    `${path}: this sweep has not been started; sparsescope sweep run ${path} starts it`,
  )
}

interface FoundSweep {
  readonly sweep: Sweep
  /** The same as those of `plannedSweep`. */
  warnings(): Promise<readonly string[]>
}

/**
 * The existing sweep, else a new one. `check` is called first, with its runs and the existing sweep, and throws where it is not what was
 * asked for.
 * @throws EngineError before anything is written, but for 'disk'.
 */
export async function findOrCreateSweep(
  request: SweepRequest,
  check: (runs: readonly SweepRun[], begun: Sweep | null) => void = () => undefined,
): Promise<FoundSweep> {
  const { sweep, planned } = await lookForSweep(request)
  check((sweep ?? planned).runs, sweep)
  if (sweep) return { sweep, warnings: async () => (await lintBegunRuns(sweep, request)).warnings }
  const { warnings } = await lintRuns(planned, request)
  return { sweep: await createOnce(planned, request.signal), warnings: async () => warnings }
}

const lookEveryMs = 50

/** One of several processes that begin the same sweep at once makes its folder, and the others find it. */
function createOnce(planned: PlannedSweep, signal?: AbortSignal): Promise<Sweep> {
  const { path } = planned.file
  return madeOnce({
    root: sweepsFolder(path),
    folder: beginsIn(path),
    take: async () => earlierSweep(planned, await earlierSweeps(path)),
    make: async (isHeld) => openFolder(await createSweep(planned, isHeld)),
    wait: true,
    lookEveryMs,
    signal,
  })
}

export interface PlanAndEstimates {
  readonly plan: SweepPlan
  /** The shortest names of the runs. */
  readonly labels: readonly string[]
  /** By run. */
  readonly estimates: readonly RunOfSweepEstimates[]
  /** What lint warns of in any run, each once; of outputs only before the sweep begins. */
  readonly warnings: readonly string[]
}

/**
 * The plan, as plan.json has or would have it, and estimates of its runs with `memoryBytes` for each. Writes nothing.
 * @throws EngineError also for a run that lint would refuse.
 */
export async function plannedSweep(request: SweepRequest, memoryBytes: number): Promise<PlanAndEstimates> {
  const { sweep, planned } = await lookForSweep(request)
  const options = { memoryBytes, signal: request.signal }
  const labels = labelsOfRuns((sweep ?? planned).runs)
  if (!sweep) return { plan: planned.plan, labels, ...(await lintRuns(planned, options)) }
  return {
    plan: await readPlan(sweep.folder),
    labels,
    ...(await lintBegunRuns(sweep, options)),
  }
}

type Looked =
  | { readonly sweep: Sweep; readonly planned: null }
  | { readonly sweep: null; readonly planned: PlannedSweep }

async function lookForSweep({ path, settings, signal }: SweepRequest): Promise<Looked> {
  const full = resolve(path)
  if ((await stat(full).catch(() => null))?.isDirectory()) {
    if (settings.length > 0)
      throw new EngineError(
        'usage',
        `--set and --precision change a recipe, and ${path} is a sweep's folder: leave them out`,
      )
    return { sweep: await openFolder(full), planned: null }
  }
  const earlier = await earlierSweeps(full)
  const planned = await planSweep(full, settings, await knownFiles(earlier.at(0)), signal)
  const sweep = await earlierSweep(planned, earlier)
  return sweep ? { sweep, planned: null } : { sweep, planned }
}

/** The sweep in the first of the folders that has the same plan. */
async function earlierSweep({ plan, file }: PlannedSweep, folders: readonly string[]): Promise<Sweep | null> {
  for (const folder of folders) {
    const sweep = await openFolder(folder).catch(() => null)
    // Slurm options are not part of the plan: those of the recipe as it is now apply.
    if (sweep?.id === plan.id) return { ...sweep, slurm: slurmOf(file) }
  }
  return null
}

/** Sweeps of the recipes in this folder, the newest first. */
async function earlierSweeps(recipePath: string): Promise<string[]> {
  const parent = sweepsFolder(recipePath)
  const names = await readdir(parent).catch(() => [])
  const shown = names.filter((name) => !name.startsWith('.'))
  return shown.sort((a, b) => (a < b ? 1 : -1)).map((name) => join(parent, name))
}

/** Fingerprints of the newest sweep's files, so that unchanged files need not be read again. */
async function knownFiles(folder: string | undefined): Promise<KnownFiles> {
  if (folder === undefined) return new Map()
  return (await openFolder(folder).catch(() => null))?.known ?? new Map()
}

async function createSweep({ plan, file, files }: PlannedSweep, isHeld: () => boolean): Promise<string> {
  const sources = [...files].map(([path, { bytes, sha256, stamp, seen }]) => {
    return [relative(file.folder, path), { bytes, sha256, stamp, seen }]
  })
  const disabled =
    file.disabled.length > 0 ? `# sparsescope-disable ${file.disabled.join(', ')}: as the recipe says\n` : ''
  const heading = `# A sweep, settings of the command line applied. Paths are relative to ${plan.base.replaceAll('\\', '/')}\n${disabled}`
  return createNamedFolder(timedPlace(sweepsFolder(file.path), file.path), async (path) => {
    const draft = sweepFolderAt(path)
    await mkdir(draft.runs)
    await writeAtomic(draft.recipe, [heading + recipeYaml(file.recipe)])
    await writeAtomic(draft.sources, [jsonText(Object.fromEntries(sources))])
    await writeAtomic(draft.plan, [jsonText(plan)])
    if (!isHeld())
      throw new EngineError('exists', `${file.path}: another process began this sweep meanwhile; run the command again`)
  })
}

async function openFolder(path: string): Promise<Sweep> {
  const folder = sweepFolderAt(path)
  const { id, runs: planned, base } = await readPlan(folder)
  const file = { ...(await readRecipe(folder.recipe)), folder: resolve(path, base) }
  const runs = runsOfSweep(file)
  const isPlanned = ({ name, settings }: SweepRun, i: number) =>
    planned[i].name === name && JSON.stringify(planned[i].settings) === JSON.stringify(settings)
  if (runs.length !== planned.length || !runs.every(isPlanned))
    throw new EngineError('bad-recipe', `${folder.recipe} was edited after the sweep began; start a new sweep with it`)
  const sources = await readSources(folder)
  const known = new Map(Object.entries(sources).map(([name, seen]) => [resolve(file.folder, name), seen]))
  return { id, folder, file, runs, hashes: planned.map(({ hash }) => hash), known, slurm: slurmOf(file) }
}

function slurmOf({ recipe }: RecipeFile): SlurmOptions {
  return recipe.sweep?.slurm ?? {}
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`
}

/** Indices of runs that an engine elsewhere will still begin, or begin again. */
type Queued = ReadonlySet<number>

export async function sweepTable(sweep: Sweep, engine: string, queued: Queued = new Set()): Promise<SweepTable> {
  const { id, folder } = sweep
  const places = sweep.runs.map(({ index, name, settings }) => ({ name, settings, folder: runPathOf(folder, index) }))
  const read = await readRunsOnce(places, () => readSweepSigns(folder, queued))
  const rows = read.map(({ place: { name, folder: path }, named: { settings }, state }, index) => {
    const { standing, isBegun, results } = state
    return { index, name, settings, ...standing, run: isBegun ? path : null, results }
  })
  return { id, engine, runs: rows }
}

/** Rewrites sweep.json until it agrees with the folder: several runs may end at once, and each of them rewrites the file. */
export async function writeTable(sweep: Sweep, engine: string): Promise<SweepTable> {
  const ended = ({ runs }: SweepTable) => JSON.stringify(runs.map(({ state }) => state))
  for (let table = await sweepTable(sweep, engine); ;) {
    await writeAtomic(sweep.folder.table, [jsonText(table)], temporaryBeside(sweep.folder.table))
    const now = await sweepTable(sweep, engine)
    if (ended(now) === ended(table)) return now
    table = now
  }
}
