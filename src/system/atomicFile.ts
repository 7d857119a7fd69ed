// Files that are either whole or not there: written beside, flushed to the disk, then renamed.
import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeError } from './diskErrors.ts'
import { killPoint } from './killPoint.ts'
import { createOwn } from './ownFile.ts'
import { renameOver } from './renameOver.ts'

/**
 * Replaces `path` by the chunks, one after the other. A file that several processes write needs a `temporary` of each.
 * @throws EngineError 'disk'; `path` is then as it was.
 */
export async function writeAtomic(
  path: string,
  chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array>,
  temporary = `${path}.tmp`,
): Promise<void> {
  try {
    const file = await createOwn(temporary)
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
      killPoint()
      await file.sync()
    } finally {
      await file.close()
    }
    killPoint()
    await renameOver(temporary, path)
    killPoint()
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw writeError(error, path)
  }
}

/** A name for this call alone, where several processes may write a file; and no longer than any name may be. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${randomUUID()}.tmp`)
}

/** Makes a rename last through a power failure. Not every system can open folders; they order renames themselves. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  if (!handle) return
  await handle.sync().catch(() => undefined)
  await handle.close()
}
