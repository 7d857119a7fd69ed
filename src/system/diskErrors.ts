// Turns errors of the operating system into sentences a person can act on.
import { EngineError, messageOf } from '../errors.ts'

/** Error codes of a path that is the caller's mistake, not the disk's. */
const wrongPlaces: Record<string, string> = {
  ENOENT: 'the folder it should go into does not exist; make it first',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another place',
  EEXIST: 'a file is in the way; choose another place',
  EISDIR: 'it is a folder; add the name of a file',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  ELOOP: 'its links lead in a circle; fix them or choose another place',
  ERR_INVALID_ARG_VALUE: 'the path holds a NUL character; remove it',
}

/** The same for what should be read. */
const wrongSources: Record<string, string> = {
  EISDIR: 'it is a folder; give a file',
  ENAMETOOLONG: 'the name is too long; check the path',
  ELOOP: 'its links lead in a circle; fix them or give the file itself',
  ERR_INVALID_ARG_VALUE: 'the path holds a NUL character; remove it',
  ENXIO: 'it is a socket or a device; give a file',
  ENODEV: 'it is a socket or a device; give a file',
}

const remedies: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space or choose another place',
  EDQUOT: 'the disk quota is used up; free some space or choose another place',
  EROFS: 'the file system is read-only; choose another place',
  EACCES: 'permission denied; change the permissions or choose another place',
  EPERM: 'not permitted; change the permissions or choose another place',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine; close some programs',
  ENOMEM: 'the memory is used up; close some programs or raise the limit (ulimit -v)',
  EIO: 'the disk failed to read or write; check it',
  EFBIG: 'the file system cannot hold a file so large; choose another place or a smaller max_shard',
}

/** For what may be missing: `otherwise` if `action` throws. */
export function attempt<T>(otherwise: T, action: () => T): T {
  try {
    return action()
  } catch {
    return otherwise
  }
}

export function errnoOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  // A thread that could not start names the system's error in its message only.
  const inMessage = /^Worker initialization failure: (E[A-Z]+)$/.exec(error.message)?.[1]
  return inMessage ?? ('code' in error && typeof error.code === 'string' ? error.code : '')
}

/**
 * The error for a failed write: 'disk' or, where the path is wrong, 'usage' with the path and the way out. Engine
 * errors pass unchanged.
 */
export function writeError(error: unknown, path: string): EngineError {
  if (error instanceof EngineError) return error
  const code = errnoOf(error)
  const misplaced = wrongPlaces[code]
  const reason = misplaced ?? remedies[code] ?? messageOf(error)
  return new EngineError(misplaced ? 'usage' : 'disk', `cannot write ${path}: ${reason}`, { cause: error })
}

/** The error for a failed read: 'not-found', 'usage' for what is no file, or 'disk'. Engine errors pass unchanged. */
export function readError(error: unknown, path: string): EngineError {
  if (error instanceof EngineError) return error
  const code = errnoOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EngineError('not-found', `${path} does not exist; check the path`, { cause: error })
  }
  const wrong = wrongSources[code]
  if (wrong) return new EngineError('usage', `cannot read ${path}: ${wrong}`, { cause: error })
  return new EngineError('disk', `cannot read ${path}: ${remedies[code] ?? messageOf(error)}`, { cause: error })
}
