// Safetensors files for tests, well-formed by default.

export interface TestTensor {
  dtype: string
  shape: number[]
  data: Uint8Array
}

/** Length, header and data. `header` is written as it is, however wrong. */
export function fileBytes(header: string | Uint8Array, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, data])
}

export function safetensors(tensors: Record<string, TestTensor>, metadata?: Record<string, string>): Buffer {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  let end = 0
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
    end += data.length
  }
  // Padding keeps the data aligned, as real writers do.
  const json = JSON.stringify(header)
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8)
  return fileBytes(padded, Buffer.concat(Object.values(tensors).map((t) => t.data)))
}

/** An F32 tensor. */
export function f32(shape: number[], values: ArrayLike<number>): TestTensor {
  return { dtype: 'F32', shape, data: new Uint8Array(Float32Array.from(values).buffer) }
}
