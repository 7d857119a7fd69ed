// Folders on the way to an output, and the true reason where they cannot be made.
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { errnoOf, writeError } from './diskErrors.ts'

/**
 * Makes a folder and those above it; returns the first that was missing. Checks permissions first: on a read-only disk `mkdir` only says
 * that something does not exist. Makes one by one: Node's recursive `mkdir` never ends in a folder that takes none in, such as /proc.
 * @throws EngineError that names `output`, for which they are made.
 */
export async function makeFolders(folder: string, output = folder): Promise<string | undefined> {
  await requireWritable(folder, output)
  const { place } = await nearestFolder(folder)
  let made: string | undefined
  let path = place
  for (const name of relative(place, resolve(folder)).split(sep)) {
    if (name === '') continue
    path = join(path, name)
    await mkdir(path).then(
      () => (made ??= path),
      (error: unknown) => {
        // Another process may have made the folder first.
        if (errnoOf(error) !== 'EEXIST') throw writeError(error, output)
      },
    )
  }
  return made
}

/** Checks that a folder can be made or written there, by its permissions. @throws EngineError. */
export async function requireWritable(folder: string, output = folder): Promise<void> {
  const { place } = await nearestFolder(folder)
  // A path that ends in a separator can only be a folder.
  await access(join(place, sep), constants.W_OK).catch((error: unknown) => {
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
