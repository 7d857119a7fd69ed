// Tensors on their way to the host, as pieces of one mapped buffer.
import { bytesPerElement } from '../../dtype.ts'
import { bytesOf, type Tensor } from '../tensor.ts'

/** The whole words that a tensor lies in, since copies move words. */
export interface Reading {
  readonly tensor: Tensor
  readonly source: GPUBuffer
  /** Bytes from the start of the source. */
  readonly start: number
  readonly bytes: Uint8Array
}

export function readingOf(tensor: Tensor, source: GPUBuffer): Reading {
  const first = tensor.offset * bytesPerElement[tensor.dtype]
  const start = first - (first % 4)
  const end = Math.ceil((first + bytesOf(tensor)) / 4) * 4
  return { tensor, source, start, bytes: new Uint8Array(end - start) }
}

/** `length` bytes of a reading from its byte `at`, which go to byte `to` of the buffer. */
interface Piece {
  readonly reading: Reading
  readonly at: number
  readonly length: number
  readonly to: number
}

/** All bytes of the readings in their order, by fillings of a buffer of at most `room` bytes. */
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
