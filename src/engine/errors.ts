// Turns errors of the engine into errors for people (shared/errors.ts).
import { EngineError, type ErrorCode } from '../errors.ts'

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
