// A snapshot in the Hub's cache, as huggingface_hub lays it out: links to the blobs, and a reference from the revision's
// name to its commit. Made when all blobs are whole, so that a pull that was stopped leaves none that lacks files.
import { link, mkdir, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { writeError } from '../../system/diskErrors.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { sameFile, temporaryBeside, writeAtomic } from '../../system/atomicFile.ts'
import type { RemoteFile } from './repositoryFiles.ts'

/** `repository`: its folder in the cache. Returns the snapshot's folder. @throws EngineError. */
export async function placeSnapshot(
  repository: string,
  { commit, revision, files }: { commit: string; revision: string; files: readonly RemoteFile[] },
): Promise<string> {
  const snapshot = join(repository, 'snapshots', commit)
  for (const { path, hash } of files) {
    const place = join(snapshot, path)
    await pointTo(join(repository, 'blobs', hash), place).catch((error: unknown) => {
      throw writeError(error, place)
    })
  }
  if (revision !== commit) await placeReference(join(repository, 'refs', revision), commit)
  return snapshot
}

/** Windows lets not everybody make symbolic links; a hard link or a copy reads the same. */
async function pointTo(blob: string, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true })
  await sameFile(blob, place, (path) => symlink(relative(dirname(place), blob), path).catch(() => link(blob, path)))
}

async function placeReference(path: string, commit: string): Promise<void> {
  const known = await readSmallFile(path, 200).catch(() => null)
  if (known === commit) return
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
  await writeAtomic(path, [commit], temporaryBeside(path))
}
