// Turns errors of the engine into errors for people (src/errors.ts).
import { EngineError, type ErrorCode } from '../errors.ts'
import { errnoOf, readError } from '../system/diskErrors.ts'

export { EngineError, messageOf, throwIfCancelled, type ErrorCode } from '../errors.ts'

const exitCodes: Record<ErrorCode, number> = {
  usage: 2,
  'not-found': 2,
  'bad-checkpoint': 2,
  'bad-config': 2,
  unsupported: 2,
  'bad-data': 2,
  'bad-recipe': 2,
  exists: 2,
  disk: 1,
  network: 1,
  'out-of-memory': 1,
  'device-lost': 1,
  numeric: 1,
  'mask-broken': 1,
  cancelled: 130,
  internal: 1,
}

/** Exit code of the command line for an error (1 failed, 2 bad input, 130 cancelled). */
export function exitCodeOf(error: unknown): number {
  return error instanceof EngineError ? exitCodes[error.code] : 1
}

/** Whether the device or the host is out of memory. */
export function isOutOfMemory(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'out-of-memory'
}

const outOfMemory =
  /allocation failed|could not allocate|cannot allocate|out of memory|Invalid (?:typed array|string|array buffer|array) length/i
const outOfMemoryCodes: readonly string[] = ['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED']
const outOfFiles: readonly string[] = ['EMFILE', 'ENFILE']

/** Turns an error that the operating system caused into an EngineError that explains it; returns others as they are. */
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

/** Explains an internal error that the system caused, such as a worker that found no free file descriptor; returns others as they are. */
function explainedCause(error: EngineError): EngineError {
  const plain = explained(error.cause ?? new Error(error.message))
  return plain instanceof EngineError ? plain : error
}
