import type { ElementFormat } from './elementFormat.ts'

/** Reads pieces of a tensor as numbers. The result is valid until the next call. */
export function valueReader(format: ElementFormat): (data: ArrayBuffer, count: number) => ArrayLike<number> {
  if (format.kind === 'wide') return format.values
  const table = Float32Array.from({ length: 2 ** (8 * format.bytes) }, (_, pattern) => format.decode(pattern))
  let values = new Float32Array(0)
  return (data, count) => {
    const patterns = format.bytes === 1 ? new Uint8Array(data, 0, count) : new Uint16Array(data, 0, count)
    if (values.length < count) values = new Float32Array(count)
    for (let i = 0; i < count; i++) values[i] = table[patterns[i]]
    return values
  }
}
