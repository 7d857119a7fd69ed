// W += s·(B·A) ⊙ M on the host, and the part of the update that the mask cuts off (docs/methods.md, "Merging an adapter").
import { Arena } from '../compute/arena.ts'
import { readF32, upload, type Backend } from '../compute/backend.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import { throwIfCancelled } from '../errors.ts'
import type { Mask } from '../prune/mask.ts'

/** s·B·A with A [rank, I] and B [O, rank], row-major. */
interface LowRank {
  readonly a: Float32Array
  readonly b: Float32Array
  readonly rank: number
  readonly scale: number
}

/** Sums of squares, in f64: of s·B·A, and of its entries that the mask prunes. */
interface UpdateSquares {
  readonly all: number
  readonly cut: number
}

/** Elements of the panel of the product that is on the device at one time, and the ranks that are added to it together. */
const panelLength = 4 * 2 ** 20
const panelRank = 256

/** Adds the update to `weight` [O, I] in place, in f32; without a mask all of it. */
export async function mergeUpdate(
  backend: Backend,
  weight: Float32Array,
  [numOut, numIn]: readonly number[],
  update: LowRank,
  mask: Mask | undefined,
  signal?: AbortSignal,
): Promise<UpdateSquares> {
  const step = Math.max(1, Math.floor(panelLength / numIn))
  let [all, cut] = [0, 0]
  for (let start = 0; start < numOut; start += step) {
    throwIfCancelled(signal)
    const end = Math.min(start + step, numOut)
    const panel = await productPanel(backend, update, numIn, start, end)
    const squares = addPanel(weight, panel, { numIn, start, end, mask })
    all += squares.all
    cut += squares.cut
  }
  return { all, cut }
}

/** Rows [start, end) of s·B·A, [end − start, I]; a few ranks at a time, since A may not fit into one binding of a GPU. */
async function productPanel(
  backend: Backend,
  { a, b, rank, scale }: LowRank,
  numIn: number,
  start: number,
  end: number,
): Promise<Float32Array> {
  using arena = new Arena(backend)
  let [sum, next] = [arena.allocate([end - start, numIn]), arena.allocate([end - start, numIn])]
  backend.kernels.fill(sum, 0)
  for (let first = 0; first < rank; first += panelRank) {
    const count = Math.min(panelRank, rank - first)
    const factor = upload(backend, 'f32', [count, numIn], a.subarray(first * numIn, (first + count) * numIn))
    const columns = upload(backend, 'f32', [end - start, count], columnsOf(b, rank, { start, end, first, count }))
    backend.kernels.loraWeight(next, sum, null, factor, columns, scale)
    backend.release(factor)
    backend.release(columns)
    ;[sum, next] = [next, sum]
  }
  return readF32(backend, sum)
}

interface Part {
  readonly start: number
  readonly end: number
  readonly first: number
  readonly count: number
}

/** Columns [first, first + count) of rows [start, end) of b [O, rank]. */
function columnsOf(b: Float32Array, rank: number, { start, end, first, count }: Part): Float32Array {
  if (count === rank) return b.subarray(start * rank, end * rank)
  const out = new Float32Array((end - start) * count)
  for (let row = start; row < end; row++)
    out.set(b.subarray(row * rank + first, row * rank + first + count), (row - start) * count)
  return out
}

interface Panel {
  readonly numIn: number
  readonly start: number
  readonly end: number
  readonly mask: Mask | undefined
}

function addPanel(weight: Float32Array, panel: Float32Array, { numIn, start, end, mask }: Panel): UpdateSquares {
  const perRow = maskWords(numIn)
  let [all, cut] = [0, 0]
  for (let row = start, i = 0; row < end; row++)
    for (let c = 0; c < numIn; c++, i++) {
      const value = panel[i]
      const square = value * value
      all += square
      const kept = !mask || ((mask.words[row * perRow + (c >> 5)] >>> (c & 31)) & 1) === 1
      if (kept) weight[row * numIn + c] += value
      else cut += square
    }
  return { all, cut }
}
