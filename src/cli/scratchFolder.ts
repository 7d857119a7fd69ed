// A folder for the time of one command.
import { rmdirSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeError } from '../engine/checkpoint/diskErrors.ts'

export interface ScratchFolder {
  readonly path: string
  /** Also happens when the process exits. */
  remove(): void
}

/** In `parent`, so that it is on the disk of what will be written there; makes `parent` where it is missing. */
export async function createScratchFolder(parent: string): Promise<ScratchFolder> {
  try {
    const firstMade = await mkdir(parent, { recursive: true })
    const path = await mkdtemp(join(parent, '.sparsescope-prune-'))
    const remove = () => {
      process.off('exit', remove)
      rmSync(path, { recursive: true, force: true })
      if (firstMade !== undefined) removeEmpty(parent, firstMade)
    }
    process.once('exit', remove)
    return { path, remove }
  } catch (error) {
    throw writeError(error, parent)
  }
}

/** Takes back folders that were made for nothing: from `folder` up to `top`, as long as they are empty. */
function removeEmpty(folder: string, top: string): void {
  for (let at = folder; at.startsWith(top); at = dirname(at)) {
    try {
      rmdirSync(at)
    } catch {
      return
    }
  }
}
