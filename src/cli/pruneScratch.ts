// The scratch folder in which `sparsescope prune` runs its recipe, and the removal of those left by killed processes.
import { rmSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { writeError } from '../system/diskErrors.ts'
import { makeFolders } from '../system/makeFolders.ts'
import { removeEmpty, partialPath, removePartial } from '../engine/checkpoint/partialFolder.ts'
import { killPoint } from '../system/killPoint.ts'
import { outputsOf } from '../plan/outputs.ts'
import { resolveRecipe } from '../recipe/resolve.ts'
import { loadProgress, outputProgress } from '../engine/run/state/progress.ts'
import { readRecipe } from '../engine/run/open/recipeFile.ts'
import { type RunFolder, runFolderAt, runsFolder } from '../runs/folder/runFolder.ts'
import { lockRun, type RunLock } from '../runs/lock/lock.ts'

const scratchPrefix = '.sparsescope-prune-'
/** The only file that prune itself writes into the folder; its run writes the others. */
export const scratchRecipe = 'prune.prune.yaml'

interface ScratchFolder {
  readonly path: string
  /** Removes the folder; the end of the process does so too. */
  remove(): void
}

/** Makes a scratch folder in `parent`, which is on the disk of the output; makes `parent` if it is missing. */
export async function createScratchFolder(parent: string): Promise<ScratchFolder> {
  try {
    const firstMade = await makeFolders(parent)
    const path = await mkdtemp(join(parent, scratchPrefix))
    const remove = () => {
      process.off('exit', remove)
      rmSync(path, { recursive: true, force: true })
      removeEmpty(parent, firstMade)
    }
    process.once('exit', remove)
    return { path, remove }
  } catch (error) {
    throw writeError(error, parent)
  }
}

/**
 * Age in milliseconds from which a scratch folder without a run counts as left behind: nothing shows whether its process is alive,
 * but reading a model never takes that long.
 */
const unknownMs = 86_400_000

/**
 * Removes scratch folders whose process was killed, and the unfinished outputs beside them: neither can be continued. Never
 * throws: a folder whose state is unknown, or that cannot be removed, is kept. Takes seconds where there is something to remove.
 */
export async function removeDeadScratch(parent: string, signal?: AbortSignal): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  const removals = names
    .filter((name) => name.startsWith(scratchPrefix))
    .map((name) => removeIfDead(join(parent, name), signal).catch(() => undefined))
  await Promise.all(removals)
}

async function removeIfDead(scratch: string, signal: AbortSignal | undefined): Promise<void> {
  const facts = await lstat(scratch)
  if (!facts.isDirectory() || !(await isOurs(scratch))) return
  const runs = await readdir(runsFolder(join(scratch, scratchRecipe))).catch(() => [])
  const folders = runs.filter((name) => !name.startsWith('.'))
  if (folders.length === 0 && Date.now() - facts.mtimeMs < unknownMs) return
  const locks: RunLock[] = []
  try {
    for (const name of folders) {
      const folder = runFolderAt(join(runsFolder(join(scratch, scratchRecipe)), name))
      // Throws if the run's process is alive.
      locks.push(await lockRun(folder.path, { signal }))
      await removeOutput(folder, dirname(scratch)).catch(() => undefined)
    }
    killPoint()
    await rm(scratch, { recursive: true, force: true })
  } finally {
    for (const lock of locks) await lock.release()
  }
}

/** Whether the folder holds only what prune puts there. */
async function isOurs(scratch: string): Promise<boolean> {
  const known = [scratchRecipe, `${scratchRecipe}.tmp`, '.sparsescope']
  return (await readdir(scratch)).every((name) => known.includes(name))
}

/** The output is beside the scratch folder; a record that names another place is ignored. */
async function removeOutput(run: RunFolder, parent: string): Promise<void> {
  const progress = await loadProgress(run.state)
  const { recipe } = await readRecipe(run.recipe)
  for (const { kind, to } of outputsOf(resolveRecipe(recipe))) {
    const { partial } = outputProgress(progress, kind)
    const place = resolve(run.path, to)
    if (partial !== null && dirname(place) === parent) await removePartial(partialPath(place, partial))
  }
}
