// The other direction: header bytes for tensors whose places in the file are decided.
import type { SafetensorsHeader, TensorInfo } from './safetensorsHeader.ts'

/** Tensor data starts at a multiple of this, so that mapped files are aligned for every element type. */
const alignment = 8

/** Length, JSON and padding: everything before the data. Names come in the given order, `__metadata__` first. */
export function encodeHeader({ tensors, metadata }: Omit<SafetensorsHeader, 'unknown'>): Uint8Array<ArrayBuffer> {
  const entries = tensors.map((t) => `${JSON.stringify(t.name)}:${encodeTensor(t)}`)
  if (metadata.size > 0) entries.unshift(`"__metadata__":${encodeStrings(metadata)}`)
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(json.length / alignment) * alignment
  const bytes = new Uint8Array(8 + padded).fill(0x20)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, padded, true)
  view.setUint32(4, 0, true)
  bytes.set(json, 8)
  return bytes
}

function encodeTensor({ dtype, shape, start, end }: TensorInfo): string {
  return JSON.stringify({ dtype, shape, data_offsets: [start, end] })
}

function encodeStrings(map: ReadonlyMap<string, string>): string {
  return `{${[...map].map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`
}
