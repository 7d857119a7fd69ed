// A file's bytes are not what its format says. Who opened the file adds its path and the error code.

/**
 * The reason that lint branches on, finer than an error's code. `refused`: another format, or a pointer in place of weights.
 * `no-weights`: a folder without any.
 */
export type CheckpointReason = 'refused' | 'no-weights' | 'too-long'

/** `message` is one sentence: what is wrong and how to mend it, without the file's name. */
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
