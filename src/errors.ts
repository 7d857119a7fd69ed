// Errors for people: each says what is wrong, where, and how to fix it.

/**
 * The reason that lint branches on, finer than an error's code. `refused`: another format, or a pointer in place of weights.
 * `no-weights`: a folder without any.
 */
export type CheckpointReason = 'refused' | 'no-weights' | 'too-long'

/**
 * A file's bytes are not what its format says. `message` is one sentence: what is wrong and how to fix it, without the file's name, which
 * the code that opened the file adds.
 */
export class FormatError extends Error {
  readonly reason: CheckpointReason | undefined
  constructor(message: string, reason?: CheckpointReason) {
    super(message)
    this.name = 'FormatError'
    this.reason = reason
  }
}

/** A name out of a hostile file, safe to print: quoted, control characters escaped, cut at 80 characters. */
export function quoted(name: string): string {
  const cut = name.length > 80 ? `${name.slice(0, 77)}…` : name
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

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

/** The kind of a 'bad-checkpoint', or of a 'network' error that comes again however often one asks. */
export type ErrorReason = CheckpointReason | 'wrong-bytes'

export class EngineError extends Error {
  readonly code: ErrorCode
  /** Which of a code's causes it is, where a caller has to know it. */
  readonly reason: ErrorReason | undefined
  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly reason?: ErrorReason }) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
    this.reason = options?.reason
  }
}

/** What anything that was thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Throws `cancelled` when the signal has fired. Call between pieces of work of at most a few hundred ms. */
export function throwIfCancelled(signal: { readonly aborted: boolean } | undefined): void {
  if (signal?.aborted) throw new EngineError('cancelled', 'cancelled')
}
