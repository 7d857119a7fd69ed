// The socket path at which a window finds its backend, also after a reload. Other users must neither reach it nor replace it.
import { createHash, randomBytes } from 'node:crypto'
import { constants, copyFileSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { secretBytes } from '../../system/handshake.ts'

export interface Surroundings {
  readonly platform: NodeJS.Platform
  /** null on Windows. */
  readonly uid: number | null
  /** XDG_RUNTIME_DIR, '' when it is not set. */
  readonly runtimeFolder: string
  readonly temporaryFolder: string
  /** The extension's own folder, for when the others cannot be used. */
  readonly storage: string
}

/** In bytes. Socket addresses are limited to 104 bytes on macOS and 108 on Linux. */
const longestAddress = 100

/**
 * A path that depends only on `parts`, such as version, workspace and runtime. Creates its folder.
 * @throws Error when every candidate is too long, or open to other users.
 */
export function socketPath(parts: readonly string[], at: Surroundings): string {
  const name = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  if (at.platform === 'win32') return `\\\\.\\pipe\\sparsescope-${name}`
  const folders = [
    ...(at.runtimeFolder === '' ? [] : [join(at.runtimeFolder, 'sparsescope')]),
    join(at.temporaryFolder, `sparsescope-${at.uid}`),
    join(at.storage, 'sockets'),
  ]
  const refused: string[] = []
  for (const folder of folders) {
    const path = join(folder, `${name}.sock`)
    const problem =
      Buffer.byteLength(path) > longestAddress ? `${folder} has too long a name` : folderProblem(folder, at)
    if (problem === null) return path
    refused.push(problem)
  }
  throw new Error(`There is no private place for the backend's socket: ${refused.join('; ')}.`)
}

/**
 * The secret shared by this user's windows and backends: made once, and kept in the extension's own folder, readable by this user
 * only. @throws Error when the folder cannot be written.
 */
export function ownSecret(storage: string): { file: string; secret: Buffer } {
  const file = join(storage, 'backend.secret')
  mkdirSync(storage, { recursive: true, mode: 0o700 })
  const size = lstatSync(file, { throwIfNoEntry: false })?.size
  if (size !== secretBytes) {
    if (size !== undefined) rmSync(file)
    // Written under another name and then linked: of windows that start at once, the first creates the file, whole, and all read it.
    const made = `${file}-${randomBytes(8).toString('hex')}`
    writeFileSync(made, randomBytes(secretBytes), { flag: 'wx', mode: 0o600 })
    try {
      linkSync(made, file)
    } catch (error) {
      // Some file systems do not support hard links.
      if (!isThere(error)) copyFileSync(made, file, constants.COPYFILE_EXCL)
    } finally {
      rmSync(made, { force: true })
    }
  }
  return { file, secret: readFileSync(file) }
}

function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

/** Whether a backend may listen at a path. @throws Error for anything but a socket that only this user can open. */
export function isPlaceTaken(path: string, { platform, uid }: Pick<Surroundings, 'platform' | 'uid'>): boolean {
  // A named pipe is not a file; opening it shows whether it exists.
  if (platform === 'win32') return true
  const facts = lstatSync(path, { throwIfNoEntry: false })
  if (!facts) return false
  if (facts.isSocket() && facts.uid === uid && (facts.mode & 0o077) === 0) return true
  throw new Error(`${path} is not a private socket of yours: find out who put it there, and remove it.`)
}

/** Why a folder cannot hold the socket; null when it exists or could be created, and only this user has access. */
function folderProblem(folder: string, { uid }: Surroundings): string | null {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const facts = lstatSync(folder)
    if (!facts.isDirectory()) return `${folder} is not a folder`
    if (facts.uid !== uid) return `${folder} belongs to someone else`
    if ((facts.mode & 0o077) !== 0) return `${folder} is open to others`
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
