// Puts into sentences what the system or the language refuses, where nobody on the way has done so.
import { errnoOf, readError } from '../system/diskErrors.ts'
import { EngineError } from './errors.ts'

const outOfMemory =
  /allocation failed|could not allocate|cannot allocate|out of memory|Invalid (?:typed array|string|array buffer|array) length/i
const outOfMemoryCodes: readonly string[] = ['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED']
const outOfFiles: readonly string[] = ['EMFILE', 'ENFILE']

/** The error as one for people, where the system is what failed; all others as they are. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof EngineError) return error.code === 'internal' ? explainedCause(error) : error
  const code = errnoOf(error)
  if (outOfFiles.includes(code) || /EMFILE|ENFILE/.test(error.message))
    return new EngineError('disk', 'too many files are open; raise the limit (ulimit -n)', { cause: error })
  if (outOfMemoryCodes.includes(code) || outOfMemory.test(error.message) || code === 'ERR_WORKER_INIT_FAILED')
    return new EngineError(
      'out-of-memory',
      `the memory is used up (${error.message}); give less data or a smaller --memory, close some programs, or raise the limit (ulimit -v)`,
      { cause: error },
    )
  const path = 'path' in error && typeof error.path === 'string' ? error.path : null
  return 'syscall' in error && path !== null ? readError(error, path) : error
}

/** An error that looks like a mistake of this program may be the system's doing: a worker that found no file descriptor left, say. */
function explainedCause(error: EngineError): EngineError {
  const plain = explained(error.cause ?? new Error(error.message))
  return plain instanceof EngineError ? plain : error
}
