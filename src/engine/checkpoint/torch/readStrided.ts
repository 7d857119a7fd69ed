// Reads a tensor's elements in row-major order where the file has them in another order, such as those of a transposed weight.
import { elementBits } from '../../../catalog/formats/dtypes.ts'
import type { WeightFiles } from '../fileHeader.ts'

export interface StridedPlace {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Strides in elements; no two elements share a place. */
  readonly strides: readonly number[]
  /** Byte of the file where element 0 is. */
  readonly start: number
}

const chunkBytes = 4 * 2 ** 20
/** One more read takes about as long as this many more bytes in one read. */
const readBytes = 128 * 2 ** 10

/**
 * Fills `target` with the bytes from `from` on that the tensor would have if it were contiguous. Visits only the part
 * of the slowest dimension that contains them, in the order of the file, and reads the file forwards once.
 */
export async function readStrided(
  pool: WeightFiles,
  path: string,
  { dtype, shape, strides, start }: StridedPlace,
  from: number,
  target: Uint8Array,
): Promise<void> {
  const size = elementBits(dtype) / 8
  const part = partOf(shape, strides, from / size, (from + target.length) / size)
  const dims = dimensionsOf(part.shape, strides)
  const reach = dims.reduce((last, { length, stride }) => last + (length - 1) * stride, 0) + 1
  const total = part.shape.reduce((product, length) => product * length, 1)
  const indices = new Array<number>(dims.length).fill(0)
  let [element, place] = [part.element, 0]
  let chunk = new Uint8Array(0)
  let chunkStart = 0
  const elementsOfChunk = chunkOf(dims, size)
  for (let visited = 0; visited < total; visited++) {
    const to = element * size - from
    if (to > -size && to < target.length) {
      if (place * size >= chunkStart + chunk.length) {
        chunkStart = place * size
        chunk = new Uint8Array(Math.min(elementsOfChunk, reach - place) * size)
        await pool.read(path, start + part.place * size + chunkStart, chunk)
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

/** The part of the first dimension that elements [first, end) need. `element` and `place`: index and place of its first element. */
function partOf(shape: readonly number[], strides: readonly number[], first: number, end: number) {
  // Leading dimensions of length 1 are skipped.
  const d = Math.max(
    0,
    shape.findIndex((length) => length > 1),
  )
  const step = shape.slice(d + 1).reduce((product, length) => product * length, 1)
  if (shape.length === 0 || step === 0) return { shape, element: 0, place: 0 }
  const [begin, stop] = [Math.floor(first / step), Math.min(shape[d], Math.ceil(end / step))]
  const length = Math.max(0, stop - begin)
  return { shape: shape.with(d, length), element: begin * step, place: begin * strides[d] }
}

/** Elements to read at a time: a chunk, or one contiguous run of elements where the next run is far away. */
function chunkOf(dims: readonly { length: number; stride: number }[], size: number): number {
  const most = Math.floor(chunkBytes / size)
  let run = 1
  for (const { length, stride } of dims.toReversed()) {
    if (stride !== run) return (stride - run) * size > readBytes ? Math.min(run, most) : most
    run *= length
  }
  return most
}

/** Longest stride first: counting through them, the last fastest, reads the file forwards. */
function dimensionsOf(shape: readonly number[], strides: readonly number[]) {
  let step = 1
  const dims: { length: number; stride: number; step: number }[] = []
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] > 1) dims.push({ length: shape[i], stride: strides[i], step })
    step *= shape[i]
  }
  return dims.sort((a, b) => b.stride - a.stride)
}
