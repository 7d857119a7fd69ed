// Starts one run of a sweep, or resumes it where an earlier process stopped.
import { resolveRecipe } from '../../recipe/resolve.ts'
import { pruningOf, prunesFirst } from '../../plan/passes.ts'
import { EngineError, messageOf } from '../errors.ts'
import type { RunReport } from '../run/report/report.ts'
import { isHeld } from '../../runs/lock/lock.ts'
import { runRecipe, type RunOptions } from '../run/runRecipe.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { forgetRefused, noteRefused } from '../../runs/runStatus.ts'
import type { Sweep } from './openSweep.ts'
import { fileOfRun, hashOfRun } from './planSweep.ts'
import { isDone, readReport } from '../../runs/reader/report.ts'
import { isOwnFolder, makeOwnFolders } from '../../system/ownFile.ts'
import { runPathOf } from '../../runs/folder/sweepFolder.ts'

export type OneRunOptions = Omit<RunOptions, 'recipe' | 'settings' | 'resume' | 'among'>

/** Does the run `index` of a sweep; if it is done already, only returns its report. @throws EngineError, as `runRecipe` does. */
export async function runOfSweep(sweep: Sweep, index: number, options: OneRunOptions): Promise<RunReport> {
  const { folder, known } = sweep
  const path = runPathOf(folder, index)
  const among = {
    place: { parent: folder.runs, name: String(index), exact: true },
    shared: { root: folder.path, folder: folder.shared, prunesAlike: prunesAlike(sweep, index) },
    known,
  }
  await forgetRefused(folder, index)
  await makeOwnFolders(folder.path, folder.runs)
  const isBegun = await isOwnFolder(folder.runs, path)
  const run = runFolderAt(path)
  if (isBegun && (await isDone(run))) return (await readReport(run)) as RunReport
  return refusalsNoted(sweep, index, options, async () =>
    runRecipe({ ...options, among, ...(isBegun ? { resume: path } : { recipe: await asPlanned(sweep, index) }) }),
  )
}

/** Notes in the sweep why a run could not begin or resume. The last event in its own folder, if any, is an earlier process's. */
async function refusalsNoted(
  { folder }: Sweep,
  index: number,
  { signal }: OneRunOptions,
  body: () => Promise<RunReport>,
): Promise<RunReport> {
  try {
    return await body()
  } catch (error) {
    // If another process has the run, that process reports its state.
    const isElsewhere =
      error instanceof EngineError && error.code === 'exists' && (await isHeld(runPathOf(folder, index)))
    if (signal?.aborted !== true && !isElsewhere) await noteRefused(folder, index, messageOf(error))
    throw error
  }
}

/** Runs that come to the same pruned model as this one before they recover it, itself included. */
function prunesAlike({ runs }: Sweep, index: number): number {
  const resolved = runs.map(({ recipe }) => resolveRecipe(recipe))
  const pruning = pruningOf(resolved[index])
  return resolved.filter((one) => prunesFirst(one) && pruningOf(one) === pruning).length
}

/** @throws EngineError 'bad-data' when model or data are no longer those of the plan. */
async function asPlanned({ file, runs, hashes, known, folder }: Sweep, index: number) {
  const recipe = fileOfRun(file, runs[index])
  if ((await hashOfRun(recipe, new Map(known))) === hashes[index]) return recipe
  throw new EngineError(
    'bad-data',
    `the model or the data changed since ${folder.path} was planned; put back what was there, or start a new sweep with the recipe`,
  )
}
