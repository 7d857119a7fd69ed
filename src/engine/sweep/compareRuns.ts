// Finished and unfinished runs, by their folders or by their sweep's, as they are compared.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEvents } from '../../runs/events/parseEvents.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../shared/series/foldRun.ts'
import { resultOf } from '../../shared/series/runResult.ts'
import { recipeIn, varyingSettings, type ComparedRun } from '../../shared/sweep/comparedRun.ts'
import { standingOf } from '../../runs/sweep/standing.ts'
import { sweepResults } from '../../shared/sweep/sweepTable.ts'
import { runName } from '../../shared/format/runName.ts'
import { readOwn } from '../../system/ownFile.ts'
import { EngineError } from '../errors.ts'
import { runFolderAt, type RunFolder } from '../../runs/folder/runFolder.ts'
import { findSweep } from './openSweep.ts'
import { resultSoFar, signsOf, sweepTable } from './runStates.ts'

export interface ReadRun extends ComparedRun {
  /** null: it has not begun. */
  readonly folder: RunFolder | null
  /** Why it did not end well. */
  readonly message: string | null
}

/**
 * Each path is a run's folder, or a sweep's or its recipe for all of its runs. Settings are what differs: a sweep's own
 * where it is alone, else those of the resolved recipes. @throws EngineError for a path that is none of them.
 */
export async function readRuns(paths: readonly string[], signal?: AbortSignal): Promise<ReadRun[]> {
  const groups = await Promise.all(paths.map((path) => runsAt(path, signal)))
  const runs = eachOnce(groups.flat())
  if (groups.length === 1 && !isRun(paths[0])) return runs.map(({ run }) => run)
  const settings = varyingSettings(runs.map(({ report }) => recipeIn(report)))
  return runs.map(({ run }, i) => ({ ...run, settings: settings[i] }))
}

/** A run may be named twice, by itself and with its sweep. */
function eachOnce(runs: readonly Found[]): Found[] {
  const places = runs.map(({ run }) => run.folder?.path)
  return runs.filter((_, i) => places[i] === undefined || places.indexOf(places[i]) === i)
}

/** What a run has said, for its curves. */
export async function pictureOf({ folder, name }: ReadRun): Promise<RunPicture> {
  const text = folder && (await readOwn(folder.events, Infinity).catch(() => null))
  return { ...foldEvents(emptyPicture(), parseEvents(text?.split('\n') ?? [])), name }
}

interface Found {
  readonly run: ReadRun
  readonly report: unknown
}

const isRun = (path: string) => existsSync(runFolderAt(resolve(path)).recipe)

async function runsAt(path: string, signal?: AbortSignal): Promise<Found[]> {
  if (isRun(path)) return [await readRun(runFolderAt(resolve(path)))]
  const sweep = await findSweep({ path, settings: [], signal }).catch((error: unknown) => {
    if (
      error instanceof EngineError &&
      error.code === 'not-found' &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory()
    )
      throw new EngineError('not-found', `${path} is neither a run's folder nor a sweep's`, { cause: error })
    throw error
  })
  const { runs } = await sweepTable(sweep, '')
  return Promise.all(
    runs.map(async ({ name, settings, state, message, results, run }): Promise<Found> => {
      const folder = run === null ? null : runFolderAt(run)
      const report = folder && (await reportOf(folder))
      return { run: { name, settings, state, message, results, ...trained(report), folder }, report }
    }),
  )
}

async function readRun(folder: RunFolder): Promise<Found> {
  const standing = standingOf(await signsOf(folder), false)
  const [report, results] = [await reportOf(folder), sweepResults(await resultSoFar(folder, standing.state))]
  const { name } = runName(folder.name)
  return { run: { name, settings: {}, ...standing, results, ...trained(report), folder }, report }
}

function trained(report: unknown): Pick<ComparedRun, 'trainablePercent'> {
  return { trainablePercent: resultOf(report).trainablePercent }
}

/** null: it has none yet. */
async function reportOf({ report }: RunFolder): Promise<unknown> {
  const text = await readOwn(report).catch(() => null)
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new EngineError('bad-data', `${report} is not valid JSON`, { cause: error })
  }
}
