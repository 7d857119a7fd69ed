// GGUF files for tests, byte by byte after https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, apart from the writer of the
// product.

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
export const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
export const keyU32 = (key: string, value: number): Buffer => Buffer.concat([text(key), u32(4), u32(value)])
export const keyText = (key: string, value: string): Buffer => Buffer.concat([text(key), u32(8), text(value)])
export const keyTexts = (key: string, values: string[]): Buffer =>
  Buffer.concat([text(key), u32(9), u32(8), u64(values.length), ...values.map(text)])

export interface GgufTensorBytes {
  /** ggml's number of the type. */
  type: number
  /** Inputs first. */
  dims: (number | bigint)[]
  data: Uint8Array
  /** Default: behind the tensor before, at a multiple of 32. */
  offset?: number | bigint
}

/** A file of version 3 with the counts that it has. */
export function ggufFile(tensors: Record<string, GgufTensorBytes>, keys: Buffer[] = []): Buffer {
  const entries = Object.entries(tensors)
  let end = 0
  const places = entries.map(([, { data }]) => {
    const start = end
    end = Math.ceil((start + data.length) / 32) * 32
    return start
  })
  const infos = entries.map(([name, { type, dims, offset }], i) =>
    Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset ?? places[i])]),
  )
  const header = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(entries.length), u64(keys.length), ...keys, ...infos])
  const start = Math.ceil(header.length / 32) * 32
  const file = Buffer.alloc(start + end)
  header.copy(file)
  for (const [i, [, { data }]] of entries.entries()) file.set(data, start + places[i])
  return file
}
