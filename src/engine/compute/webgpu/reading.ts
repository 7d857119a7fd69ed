// Tensors on their way to the host, as pieces of one mapped buffer.
import { bytesPerElement, hostArray, type HostArray } from '../../dtype.ts'
import { bytesOf, type Tensor } from '../tensor.ts'

/** The whole 4-byte words that contain a tensor, since copies move words. */
export interface Reading {
  readonly tensor: Tensor
  readonly source: GPUBuffer
  /** Bytes from the start of the source. */
  readonly start: number
  /** The words, as elements of the tensor's type and as bytes. */
  readonly values: HostArray
  readonly bytes: Uint8Array
}

export function readingOf(tensor: Tensor, source: GPUBuffer): Reading {
  const first = tensor.offset * bytesPerElement[tensor.dtype]
  const start = first - (first % 4)
  const end = Math.ceil((first + bytesOf(tensor)) / 4) * 4
  const values = hostArray(tensor.dtype, (end - start) / bytesPerElement[tensor.dtype])
  return { tensor, source, start, values, bytes: new Uint8Array(values.buffer) }
}

/** The tensor's own elements, once its words have come. */
export function elementsOf({ tensor: { offset, length, dtype }, start, values }: Reading): HostArray {
  if (values.length === length) return values
  const first = offset - start / bytesPerElement[dtype]
  return values.slice(first, first + length)
}

/** `length` bytes of a reading from its byte `at`, which go to byte `to` of the buffer. */
interface Piece {
  readonly reading: Reading
  readonly at: number
  readonly length: number
  readonly to: number
}

/** All bytes of the readings in order. Each array of pieces fills a buffer of `room` bytes, the last perhaps only in part. */
export function* filled(readings: readonly Reading[], room: number): Generator<Piece[]> {
  let filling: Piece[] = []
  let to = 0
  for (const reading of readings)
    for (let at = 0; at < reading.bytes.length;) {
      const length = Math.min(room - to, reading.bytes.length - at)
      filling.push({ reading, at, length, to })
      at += length
      to += length
      if (to < room) continue
      yield filling
      ;[filling, to] = [[], 0]
    }
  if (filling.length > 0) yield filling
}
