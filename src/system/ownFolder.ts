// Folders below one that this program has made, which someone else may have prepared: a link on the way must not lead a write or a
// removal elsewhere. The files in them are ownFile.ts's.
import { mkdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { EngineError } from '../errors.ts'
import { errnoOf, writeError } from './diskErrors.ts'
import { requireOwnFolder } from './ownFile.ts'

/** Each part of the way from `root` to `path`, `root` not among them: it is what a person names. */
function partsOf(root: string, path: string): string[] {
  const names = relative(root, path).split(sep)
  return names.map((_, i) => join(root, ...names.slice(0, i + 1)))
}

/** Makes what is missing. @throws EngineError 'bad-data' when a part is a link or a file, 'disk'. */
export async function makeOwnFolders(root: string, path: string): Promise<void> {
  for (const part of partsOf(root, path)) {
    await mkdir(part).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw writeError(error, part)
    })
    await requireOwnFolder(part)
  }
}

/** Whether it is there. @throws EngineError 'bad-data' when a part is a link or a file. */
export async function isOwnFolder(root: string, path: string): Promise<boolean> {
  for (const part of partsOf(root, path)) {
    try {
      await requireOwnFolder(part)
    } catch (error) {
      if (error instanceof EngineError && error.code === 'not-found') return false
      throw error
    }
  }
  return true
}
