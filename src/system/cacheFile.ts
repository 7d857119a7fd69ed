// Small JSON files in the user's cache folder, with what was found out about this machine. One that fails costs finding out again.
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fieldsOf } from '../catalog/formats/json.ts'
import { readOwn } from './ownFile.ts'
import { renameOver } from './atomicFile.ts'

export function cacheFile(name: string): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  const folder =
    process.platform === 'win32' && LOCALAPPDATA
      ? LOCALAPPDATA
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(folder, 'sparsescope', name)
}

/** The file's entries, as anybody may have written them; none where it cannot be read. */
export async function readCache(file: string): Promise<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(await readOwn(file, 2 ** 20)))
  } catch {
    return {}
  }
}

/** Replaces the file, whole; a disk that refuses is no error. */
export async function writeCache(file: string, entries: Record<string, unknown>): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const own = `${file}.${randomUUID()}`
    await writeFile(own, JSON.stringify(entries), { flag: 'wx' })
    await renameOver(own, file)
  } catch {
    // What is not kept is found out again.
  }
}
