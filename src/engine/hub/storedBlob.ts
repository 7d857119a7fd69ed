// The part of a Hub's file that is on the disk: in `blobs/` under its hash when it is whole, else in
// `<hash>.incomplete`. The cache is other programs' too, so neither name is believed.
import { createHash, type Hash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { lstat, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import { cancelled } from './hubErrors.ts'
import type { RemoteFile } from './repositoryFiles.ts'

const readBytes = 2 ** 20

/** That the blob is there, by its hash: an older program, or a disk, may have left other bytes under the name. */
export async function blobIsWhole(
  blobs: string,
  file: RemoteFile,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes: (have: number) => void },
): Promise<boolean> {
  const handle = await openRegular(join(blobs, file.hash)).catch(() => null)
  if (!handle) return false
  try {
    if ((await handle.stat()).size !== file.bytes) return false
    const hash = emptyHash(file)
    let have = 0
    await eachChunk(handle, signal, (chunk) => {
      hash.update(chunk)
      onBytes((have += chunk.byteLength))
    })
    return hash.digest('hex') === file.hash
  } catch (error) {
    if (error instanceof EngineError) throw error
    // A file that cannot be read is fetched once more.
    return false
  } finally {
    await handle.close()
  }
}

/** Bytes on the disk of a file that is not whole. */
export async function partialBytes(blobs: string, { hash, bytes }: RemoteFile): Promise<number> {
  const facts = await lstat(incomplete(join(blobs, hash))).catch(() => null)
  return facts && isOwn(facts) && facts.size <= bytes ? facts.size : 0
}

export function incomplete(blob: string): string {
  return `${blob}.incomplete`
}

const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** A plain file with one name: what is written into a link shows elsewhere, and into a pipe never ends. */
function isOwn(facts: Stats): boolean {
  return facts.isFile() && facts.nlink <= 1
}

/** Opens a partial file to go on with; anything but a file of our own loses the name. */
export async function openPartial(path: string): Promise<FileHandle> {
  const facts = await lstat(path).catch(() => null)
  if (facts && !isOwn(facts)) await unlink(path)
  const handle = await open(path, flags, 0o666)
  if (isOwn(await handle.stat())) return handle
  await handle.close()
  throw new EngineError('disk', `${path} is a link or no plain file; remove it and pull again`)
}

export async function eachChunk(
  handle: FileHandle,
  signal: AbortSignal | undefined,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const buffer = Buffer.alloc(readBytes)
  for (let at = 0; ;) {
    if (signal?.aborted) throw cancelled()
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    take(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** Git counts its own header in. */
export function emptyHash({ hash, bytes }: RemoteFile): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}
