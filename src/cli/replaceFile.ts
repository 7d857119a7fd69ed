// A file that a person names to be written, whatever is there: through links, into pipes and devices, and never over a leftover of theirs.
import { realpath, stat, writeFile } from 'node:fs/promises'
import { writeError } from '../system/diskErrors.ts'
import { temporaryBeside, writeAtomic } from '../system/atomicFile.ts'
import { EngineError } from '../engine/errors.ts'

/** A file there is replaced as a whole. @throws EngineError 'usage' for a folder, 'disk'; a file is then as it was. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const before = await stat(target).catch(() => null)
  if (before?.isDirectory()) throw new EngineError('usage', `${path} is a folder: name a file in it`)
  if (before === null || before.isFile()) return writeAtomic(target, [text], temporaryBeside(target))
  await writeFile(target, text).catch((error: unknown) => {
    throw writeError(error, path)
  })
}
