// Scratch folders of `sparsescope prune` whose process was killed, and the unfinished outputs beside them. Nobody can go on
// with either, so the next prune into the same folder takes them away.
import { lstat, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { partialPath, removePartial } from '../engine/checkpoint/partialFolder.ts'
import { killPoint } from '../system/killPoint.ts'
import { outputsOf } from '../plan/outputs.ts'
import { resolveRecipe } from '../recipe/resolve.ts'
import { outputProgress } from '../engine/run/state/progress.ts'
import { loadProgress } from '../engine/run/state/progressFile.ts'
import { readRecipe } from '../engine/run/open/readRecipe.ts'
import { runFolderAt, runsFolder, type RunFolder } from '../runs/folder/runFolder.ts'
import { lockRun, type RunLock } from '../runs/lock/lock.ts'
import { scratchPrefix, scratchRecipe } from './scratchFolder.ts'

/**
 * Age from which a scratch folder without a run counts as left behind: nothing tells whether its process lives, and no model
 * takes so long to be read.
 */
const unknownMs = 86_400_000

/** Never throws: what cannot be told or removed stays. Takes seconds where there is something to remove. */
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
      // Refused by one that lives.
      locks.push(await lockRun(folder.path, { signal }))
      await removeOutput(folder, dirname(scratch)).catch(() => undefined)
    }
    killPoint()
    await rm(scratch, { recursive: true, force: true })
  } finally {
    for (const lock of locks) await lock.release()
  }
}

/** Whether nothing is in it but what prune puts there. */
async function isOurs(scratch: string): Promise<boolean> {
  const known = [scratchRecipe, `${scratchRecipe}.tmp`, '.sparsescope']
  return (await readdir(scratch)).every((name) => known.includes(name))
}

/** The output lies beside the scratch folder; what a record says to lie elsewhere is not touched. */
async function removeOutput(run: RunFolder, parent: string): Promise<void> {
  const progress = await loadProgress(run.state)
  const { recipe } = await readRecipe(run.recipe)
  for (const { kind, to } of outputsOf(resolveRecipe(recipe))) {
    const { partial } = outputProgress(progress, kind)
    const place = resolve(run.path, to)
    if (partial !== null && dirname(place) === parent) await removePartial(partialPath(place, partial))
  }
}
