// Encodes the header of a GGUF file of version 3, and decides the place of every tensor in the file.
import { elementsOf } from '../dtypes.ts'
import type { GgmlType } from './ggmlTypes.ts'

/** Values with the type that llama.cpp looks for. Texts and lists of them are UTF-8. */
export type GgufValue =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'f32s' | 'i32s'; readonly value: readonly number[] }

export interface GgufTensorSpec {
  readonly name: string
  readonly type: GgmlType
  /** Outputs first. The length of a row is a multiple of the type's block. */
  readonly shape: readonly number[]
}

export interface GgufPlace {
  /** First byte in the file. */
  readonly start: number
  readonly bytes: number
}

export interface GgufLayout {
  readonly header: Uint8Array<ArrayBuffer>
  readonly places: ReadonlyMap<string, GgufPlace>
  /** Bytes of the whole file. */
  readonly bytes: number
}

const alignment = 32
const numbers = { u32: 4, i32: 5, f32: 6 } as const
const [boolType, stringType, listType] = [7, 8, 9]

export function layOutGguf(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensorSpec[]): GgufLayout {
  const out = new Growing()
  for (const letter of 'GGUF') out.u8(letter.charCodeAt(0))
  out.u32(3)
  out.u64(tensors.length)
  out.u64(metadata.size)
  for (const [key, value] of metadata) {
    out.text(key)
    writeValue(out, value)
  }
  const relative: { name: string; start: number; bytes: number }[] = []
  let end = 0
  for (const { name, type, shape } of tensors) {
    const bytes = ((elementsOf(shape) ?? 0) / type.block) * type.bytes
    out.text(name)
    out.u32(shape.length)
    for (const size of [...shape].reverse()) out.u64(size)
    out.u32(type.id)
    out.u64(end)
    relative.push({ name, start: end, bytes })
    end = aligned(end + bytes)
  }
  const header = out.bytes(aligned(out.length))
  const places = new Map(relative.map(({ name, start, bytes }) => [name, { start: header.length + start, bytes }]))
  return { header, places, bytes: header.length + end }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}

function writeValue(out: Growing, { type, value }: GgufValue): void {
  switch (type) {
    case 'u32':
    case 'i32':
    case 'f32':
      out.u32(numbers[type])
      return out.number(type, value)
    case 'bool':
      out.u32(boolType)
      return out.u8(value ? 1 : 0)
    case 'string':
      out.u32(stringType)
      return out.text(value)
    case 'strings':
      out.list(stringType, value.length)
      return value.forEach((text) => out.text(text))
    case 'f32s':
    case 'i32s': {
      const element = type === 'f32s' ? 'f32' : 'i32'
      out.list(numbers[element], value.length)
      return value.forEach((number) => out.number(element, number))
    }
  }
}

/** A buffer that grows as values are appended. */
class Growing {
  private buffer = new Uint8Array(2 ** 16)
  private view = new DataView(this.buffer.buffer)
  length = 0

  u8(value: number): void {
    const at = this.take(1)
    this.view.setUint8(at, value)
  }

  u32(value: number): void {
    const at = this.take(4)
    this.view.setUint32(at, value, true)
  }

  u64(value: number): void {
    const at = this.take(8)
    this.view.setBigUint64(at, BigInt(value), true)
  }

  number(type: 'u32' | 'i32' | 'f32', value: number): void {
    const at = this.take(4)
    if (type === 'f32') this.view.setFloat32(at, value, true)
    else if (type === 'i32') this.view.setInt32(at, value, true)
    else this.view.setUint32(at, value, true)
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value)
    this.u64(bytes.length)
    const at = this.take(bytes.length)
    this.buffer.set(bytes, at)
  }

  list(element: number, length: number): void {
    this.u32(listType)
    this.u32(element)
    this.u64(length)
  }

  /** The bytes written, padded with zeros to `length`. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(length)
    all.set(this.buffer.subarray(0, this.length))
    return all
  }

  /** Reserves `bytes`, in a larger buffer if this one is full, and returns their place. */
  private take(bytes: number): number {
    const at = this.length
    this.length += bytes
    if (this.length > this.buffer.length) {
      const larger = new Uint8Array(2 * this.length)
      larger.set(this.buffer.subarray(0, at))
      this.buffer = larger
      this.view = new DataView(larger.buffer)
    }
    return at
  }
}
