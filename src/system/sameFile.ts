// One more name for a file's contents.
import { copyFile, link, rm } from 'node:fs/promises'
import { temporaryBeside } from './atomicFile.ts'
import { writeError } from './diskErrors.ts'
import { renameOver } from './renameOver.ts'

/**
 * Gives `to` the contents of `from`, in the place of what it had: a link by `linkAt`, or a copy where the file system has no such
 * thing. Whole or not there, also where several do so at once: a temporary name that two had in common would be a name of the other's
 * file, and written through. @throws EngineError 'disk'.
 */
export async function sameFile(
  from: string,
  to: string,
  linkAt = (path: string): Promise<void> => link(from, path),
): Promise<void> {
  const temporary = temporaryBeside(to)
  try {
    await linkAt(temporary).catch(() => copyFile(from, temporary))
    await renameOver(temporary, to)
  } catch (error) {
    throw writeError(error, to)
  } finally {
    // A rename that failed leaves it, and so does one onto another hard link of the same file.
    await rm(temporary, { force: true })
  }
}
