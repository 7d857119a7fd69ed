// A snapshot in the Hub's cache, as huggingface_hub lays it out: links to the blobs, and a reference from the revision's
// name to its commit. Made when all blobs are whole, so that a pull that was stopped leaves none that lacks files.
import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { writeError } from '../../system/diskErrors.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import type { RemoteFile } from './repositoryFiles.ts'
import { renameOver } from '../../system/renameOver.ts'

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

/** Replaces what has the name. Windows lets not everybody make symbolic links; a hard link or a copy reads the same. */
async function pointTo(blob: string, place: string): Promise<void> {
  const temporary = temporaryBeside(place)
  await mkdir(dirname(place), { recursive: true })
  try {
    await symlink(relative(dirname(place), blob), temporary)
      .catch(() => link(blob, temporary))
      .catch(() => copyFile(blob, temporary))
    await renameOver(temporary, place)
  } finally {
    // A rename that failed leaves it, and so does one onto another hard link of the same file.
    await rm(temporary, { force: true })
  }
}

async function placeReference(path: string, commit: string): Promise<void> {
  const known = await readSmallFile(path, 200).catch(() => null)
  if (known === commit) return
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
  await writeAtomic(path, [commit], temporaryBeside(path))
}

/** A name for this call alone, since several processes may pull the same model; and no longer than any name may be. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.${randomUUID()}.tmp`)
}
