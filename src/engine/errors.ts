// Errors of the engine are for people: each says what is wrong, where, and how to mend it.
import type { CheckpointReason } from '../shared/format/formatError.ts'

/** The closed list of codes: callers branch on the code, people read the message. */
export type ErrorCode =
  | 'usage' // the command or its arguments
  | 'not-found' // a file or folder that is not there
  | 'bad-checkpoint' // a safetensors file, index or folder that cannot be trusted
  | 'bad-config' // config.json or tokenizer.json
  | 'unsupported' // understood, but not something this engine can compute
  | 'bad-data' // calibration, training or evaluation data
  | 'bad-recipe'
  | 'exists' // an output that is already there
  | 'disk' // full, read-only, or failing
  | 'network' // no connection, a server that fails, or bytes that are not the ones it announced
  | 'out-of-memory'
  | 'device-lost'
  | 'numeric' // NaN, not positive definite, diverged
  | 'mask-broken' // a pruned weight came back
  | 'cancelled'
  | 'internal' // a mistake of ours

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

export class EngineError extends Error {
  readonly code: ErrorCode
  /** The kind of a 'bad-checkpoint', where a caller has to know it. */
  readonly reason: CheckpointReason | undefined
  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly reason?: CheckpointReason }) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
    this.reason = options?.reason
  }
}

/** Exit code of the command line for an error (1 failed, 2 bad input, 130 cancelled). */
export function exitCodeOf(error: unknown): number {
  return error instanceof EngineError ? exitCodes[error.code] : 1
}

/** Throws `cancelled` when the signal has fired. Call between pieces of work of at most a few hundred ms. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('cancelled', 'cancelled')
}

/** Whether the device or the host is out of memory. */
export function isOutOfMemory(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'out-of-memory'
}
