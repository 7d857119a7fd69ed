// Folders on the way to an output, and the true reason where they cannot be made.
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errnoOf, writeError } from './diskErrors.ts'

/**
 * Makes a folder and those above it; returns the first that was missing. Asks before: of a read-only disk `mkdir` says no
 * more than that something does not exist.
 * @throws EngineError that names `output`, for which they are made.
 */
export async function makeFolders(folder: string, output = folder): Promise<string | undefined> {
  await requireWritable(folder, output)
  return mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, output)
  })
}

/** Checks that a folder can be made or written there, as far as permissions tell. @throws EngineError. */
export async function requireWritable(folder: string, output = folder): Promise<void> {
  const { place } = await nearestFolder(folder)
  await access(place, constants.W_OK).catch((error: unknown) => {
    throw writeError(error, output)
  })
}

/** The nearest folder that is there, on whose file system a missing one would be made. */
export async function nearestFolder(folder: string): Promise<{ place: string; dev: number }> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      return { place, dev: (await stat(place)).dev }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || dirname(place) === place) throw writeError(error, folder)
    }
  }
}
