// Finds finished and unfinished runs to compare, by their folders or their sweep's.
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { plannedRecipes } from '../../runs/folder/recipes.ts'
import { readPlan, runPathOf } from '../../runs/folder/sweepFolder.ts'
import { runFolderAt, type RunFolder } from '../../runs/folder/runFolder.ts'
import { readPicture } from '../../runs/events/parseEvents.ts'
import { nameRuns, readRunsOnce } from '../../runs/reader/runsReader.ts'
import type { RunPlace, RunReader } from '../../runs/reader/runReader.ts'
import { runName } from '../../formatting/paths.ts'
import type { RunPicture } from '../../runs/series/foldRun.ts'
import { readSweepSigns } from '../../runs/runStatus.ts'
import type { ComparedRun } from '../../runs/compared/comparedRun.ts'
import { EngineError } from '../errors.ts'
import { findSweep } from './openSweep.ts'

export interface ReadRun extends ComparedRun {
  /** null: it has not begun. */
  readonly folder: RunFolder | null
  /** Why the run failed, if it did and the reason is known. */
  readonly message: string | null
}

/**
 * Each path is a run's folder, or a sweep's folder or recipe for all of its runs. Settings are those that differ: the sweep's own for a
 * single sweep, else those that differ between the resolved recipes. @throws EngineError for any other path.
 */
export async function readRuns(paths: readonly string[], signal?: AbortSignal): Promise<ReadRun[]> {
  const groups = await Promise.all(paths.map((path) => runsAt(path, signal)))
  const readers = eachOnce(groups.flat())
  if (groups.length > 1 || isRun(paths[0])) {
    // One after the other: a recipe may be long.
    for (const reader of readers) await reader.readRecipe()
    nameRuns(readers, false)
  }
  return readers.map(comparedRun)
}

/** A run may be named twice, by itself and with its sweep. */
function eachOnce(runs: readonly RunReader[]): RunReader[] {
  const folders = runs.map(({ place }) => place.folder)
  return runs.filter((_, i) => folders.indexOf(folders[i]) === i)
}

/** A run with its events, for its curves. */
export interface PicturedRun extends ReadRun {
  readonly picture: RunPicture
}

/** The first runs that have events: curves are long, and no page shows more. */
export async function firstPictures(runs: readonly ReadRun[], most: number): Promise<PicturedRun[]> {
  const pictures: PicturedRun[] = []
  for (const run of runs) {
    const picture = pictures.length < most && run.folder ? await readPicture(run.folder.events) : null
    if (picture) pictures.push({ ...run, picture })
  }
  return pictures
}

const isRun = (path: string) => existsSync(runFolderAt(resolve(path)).recipe)

async function runsAt(path: string, signal?: AbortSignal): Promise<readonly RunReader[]> {
  if (isRun(path)) {
    const folder = resolve(path)
    return readRunsOnce([{ name: runName(basename(folder)).name, settings: null, folder }])
  }
  const sweep = await findSweep({ path, settings: [], signal }).catch(async (error: unknown) => {
    const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true
    if (isFolder && error instanceof EngineError && error.code === 'not-found')
      throw new EngineError('not-found', `${path} is not the folder of a run or a sweep`, { cause: error })
    throw error
  })
  const plan = await readPlan(sweep.folder)
  const recipes = await plannedRecipes(sweep.folder, plan)
  const places = sweep.runs.map(({ index, name, settings }): RunPlace => {
    return { name, settings, folder: runPathOf(sweep.folder, index), recipe: recipes[index] }
  })
  return readRunsOnce(places, () => readSweepSigns(sweep.folder, new Set()))
}

function comparedRun({ place, named, state, folder }: RunReader): ReadRun {
  const { standing, results, report, isBegun } = state
  const trainablePercent = report?.trainablePercent ?? null
  return { name: place.name, ...named, ...standing, results, trainablePercent, folder: isBegun ? folder : null }
}
