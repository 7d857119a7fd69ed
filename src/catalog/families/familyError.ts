// The error for a config.json that describes something this program cannot compute. The code that opened the file adds its path.

/** `kind` is the error code that the engine gives it: an impossible value, or an unsupported one. */
export class FamilyError extends Error {
  readonly kind: 'bad-config' | 'unsupported'
  constructor(kind: 'bad-config' | 'unsupported', message: string) {
    super(message)
    this.name = 'FamilyError'
    this.kind = kind
  }
}

/** "hidden_act is "x", which is not supported; supported are a, b". */
export function unknownValue(key: string, got: unknown, known: readonly string[]): FamilyError {
  return new FamilyError(
    'unsupported',
    `${key} is ${JSON.stringify(got)}, which is not supported; supported are ${known.join(', ')}`,
  )
}
