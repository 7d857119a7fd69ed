// How far a recovery moved a tensor (docs/methods.md, "How far it moved"): ‖W′ − W‖ / ‖W‖ of the values as the checkpoint stores
// them, and the rows and columns that hold the largest shares of ‖W′ − W‖².
import { readWide, type Backend } from '../compute/backend.ts'
import { lengthOf, rows, type Tensor } from '../compute/tensor.ts'
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, type DType } from '../dtype.ts'
import { rangesOf } from '../model/module.ts'
import type { Movement, MovedPart } from '../../runs/series/events.ts'

/** Called with each tensor that training changes, while both values are on the device: f32 or a 16-bit type, in the engine's orientation. */
export type OnMerge = (name: string, before: Tensor, after: Tensor) => Promise<void>

interface MovementSum {
  /** Adds whole rows, from `firstRow` on, by their values before and after. */
  add(firstRow: number, before: Float32Array, after: Float32Array): void
  result(): Movement
}

/** The shape is [O, I], or [n] for a vector, whose rows are its elements. `dtype` is the type that values are rounded to when saved. */
export function sumMovement([numRows, ...inner]: readonly number[], dtype: DType): MovementSum {
  const width = lengthOf(inner)
  const round = roundTo[dtype] ?? ((value: number) => value)
  const [byRow, byColumn] = [new Float64Array(numRows), new Float64Array(width)]
  let size = 0
  return {
    add(firstRow, before, after) {
      for (let i = 0, row = firstRow; i < before.length; row++)
        for (let column = 0; column < width; column++, i++) {
          const old = round(before[i])
          const square = (round(after[i]) - old) ** 2
          size += old * old
          byRow[row] += square
          byColumn[column] += square
        }
    },
    result() {
      const squares = byRow.reduce((sum, square) => sum + square, 0)
      const most = (parts: Float64Array) => mostOf(parts, squares)
      return {
        moved: size > 0 ? short(Math.sqrt(squares / size)) : null,
        rows: most(byRow),
        columns: width > 1 ? most(byColumn) : [],
      }
    },
  }
}

/** Numbers of a tensor that are read from the device at once. */
const panelLength = 4 * 2 ** 20

/** The movement of a tensor whose values before and after are on the device. */
export async function movementOf(backend: Backend, before: Tensor, after: Tensor, dtype: DType): Promise<Movement> {
  const { shape, length } = before
  const sum = sumMovement(shape, dtype)
  // An even number of rows, so that a view of 16-bit values begins at a whole 32-bit word.
  const step = 2 * Math.max(1, Math.floor((panelLength * shape[0]) / (2 * length)))
  for (const { start, end } of rangesOf(shape[0], step)) {
    const [old, now] = await Promise.all([before, after].map((one) => readWide(backend, rows(one, start, end))))
    sum.add(start, old, now)
  }
  return sum.result()
}

const roundTo: Partial<Record<DType, (value: number) => number>> = {
  bf16: (value) => bf16ToF32(f32ToBf16(value)),
  f16: (value) => f16ToF32(f32ToF16(value)),
}

const mostParts = 3

/** The largest first; parts that did not move are left out. */
function mostOf(parts: Float64Array, all: number): MovedPart[] {
  const found: MovedPart[] = []
  for (const [at, square] of parts.entries()) {
    const place = found.findIndex(({ share }) => square > share)
    if (square > 0 && (place >= 0 || found.length < mostParts))
      found.splice(place < 0 ? found.length : place, 0, { at, share: square })
    found.length = Math.min(found.length, mostParts)
  }
  return found.map(({ at, share }) => ({ at, share: short(share / all) }))
}

/** Six digits are enough, and a model may have ten thousand tensors. */
const short = (value: number) => Number(value.toPrecision(6))
