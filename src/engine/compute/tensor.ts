// A tensor is an element type and a shape over a backend's buffer. It holds no data and owns nothing.
import { bytesPerElement, type DType } from '../dtype.ts'

export interface Tensor {
  /** The backend's buffer; several tensors (views) may share one. */
  readonly buffer: number
  readonly dtype: DType
  readonly shape: readonly number[]
  /** First element, counted in elements of `dtype` from the start of the buffer. */
  readonly offset: number
  /** Product of the shape. Elements are contiguous, row-major. */
  readonly length: number
}

/** Lists the fields, since kernel calls make many views: spreading an object that came from another thread takes ten times as long. */
const view = ({ buffer, dtype }: Tensor, shape: readonly number[], offset: number, length: number): Tensor => ({
  buffer,
  dtype,
  shape,
  offset,
  length,
})

export function lengthOf(shape: readonly number[]): number {
  let length = 1
  for (const size of shape) length *= size
  return length
}

export function bytesOf(tensor: Pick<Tensor, 'dtype' | 'length'>): number {
  return tensor.length * bytesPerElement[tensor.dtype]
}

/** The same elements under another shape of the same length. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  return view(tensor, shape, tensor.offset, tensor.length)
}

/** Rows [start, end) of the first dimension, as a view. */
export function rows(tensor: Tensor, start: number, end: number): Tensor {
  const width = tensor.length / tensor.shape[0]
  const shape = tensor.shape.length === 1 ? [end - start] : [end - start, ...tensor.shape.slice(1)]
  return view(tensor, shape, tensor.offset + start * width, (end - start) * width)
}

/** `length` elements from `start`, as a 1-D view or with the given shape. */
export function slice(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  return view(tensor, shape, tensor.offset + start, lengthOf(shape))
}

/** Elements from one 4-byte scalar to the next where each is bound as a view: 256 bytes, the alignment of GPU bindings. */
export const scalarStride = 64
