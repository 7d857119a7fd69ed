// Elements that lie in another order than that of their indices, such as a transposed weight's, read in theirs.
import { elementBits } from '../../../shared/format/dtypes.ts'
import type { FilePool } from '../filePool.ts'

export interface StridedPlace {
  readonly dtype: string
  readonly shape: readonly number[]
  /** In elements; no two elements share a place. */
  readonly strides: readonly number[]
  /** Byte of the file where element 0 is. */
  readonly start: number
}

const chunkBytes = 4 * 2 ** 20

/**
 * Fills `target` with the bytes from `from` on that the tensor would have if it were contiguous. The elements are
 * visited as they lie, so the part of the file that holds them is read once.
 */
export async function readStrided(
  pool: FilePool,
  path: string,
  { dtype, shape, strides, start }: StridedPlace,
  from: number,
  target: Uint8Array,
): Promise<void> {
  const size = elementBits(dtype) / 8
  const dims = dimensionsOf(shape, strides)
  const reach = dims.reduce((last, { length, stride }) => last + (length - 1) * stride, 0) + 1
  const total = shape.reduce((product, length) => product * length, 1)
  const indices = new Array<number>(dims.length).fill(0)
  let [element, place] = [0, 0]
  let chunk = new Uint8Array(0)
  let chunkStart = 0
  const elementsOfChunk = Math.floor(chunkBytes / size)
  for (let visited = 0; visited < total; visited++) {
    const to = element * size - from
    if (to > -size && to < target.length) {
      if (place * size >= chunkStart + chunk.length) {
        chunkStart = place * size
        chunk = new Uint8Array(Math.min(elementsOfChunk, reach - place) * size)
        await pool.read(path, start + chunkStart, chunk)
      }
      const at = place * size - chunkStart
      for (let b = Math.max(0, -to); b < size && to + b < target.length; b++) target[to + b] = chunk[at + b]
    }
    for (let d = dims.length - 1; d >= 0; d--) {
      const { length, stride, step } = dims[d]
      element += step
      place += stride
      if (++indices[d] < length) break
      element -= length * step
      place -= length * stride
      indices[d] = 0
    }
  }
}

/** Longest stride first: counting through them, the last fastest, walks through the file forwards. */
function dimensionsOf(shape: readonly number[], strides: readonly number[]) {
  let step = 1
  const dims: { length: number; stride: number; step: number }[] = []
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] > 1) dims.push({ length: shape[i], stride: strides[i], step })
    step *= shape[i]
  }
  return dims.sort((a, b) => b.stride - a.stride)
}
