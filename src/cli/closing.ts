/** Makes a value for `await using`, which is closed when the block ends, however it ends. */
export function closing<T extends { close(): Promise<void> }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
