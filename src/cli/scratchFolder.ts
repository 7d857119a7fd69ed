// A folder for the time of one command.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../system/diskErrors.ts'
import { makeFolders } from '../system/makeFolders.ts'
import { removeEmpty } from '../engine/checkpoint/partialFolder.ts'

export const scratchPrefix = '.sparsescope-prune-'
/** The one file that prune writes into it; its run makes the rest. */
export const scratchRecipe = 'prune.prune.yaml'

export interface ScratchFolder {
  readonly path: string
  /** Removes the folder; the end of the process does so too. */
  remove(): void
}

/** Makes a scratch folder in `parent`, so that it is on the disk of the output; makes `parent` where it is missing. */
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
