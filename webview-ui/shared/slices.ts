// A tensor of more than two dimensions is looked at one matrix at a time: a picker for each leading dimension.
import { h } from './dom.ts'

/** Rows and columns: the last two dimensions; a vector is one row. */
export function matrixShape(shape: readonly number[]): [number, number] {
  return [shape.length > 1 ? shape[shape.length - 2] : 1, shape[shape.length - 1] ?? 1]
}

/** The first matrix of a tensor: index 0 of every leading dimension. */
export const firstSlice = (shape: readonly number[]): number[] => shape.slice(0, -2).map(() => 0)

/** One field for each leading dimension, none for a matrix or a vector; `change` gets the whole new slice. */
export function slicePickers(shape: readonly number[], change: (slice: number[]) => void): HTMLElement[] {
  const slice = firstSlice(shape)
  return slice.map((_, axis) => {
    const size = shape[axis]
    const input = h('input', {
      type: 'number',
      min: 0,
      max: size - 1,
      value: 0,
      'aria-label': `Index of dimension ${axis}`,
    })
    input.addEventListener('change', () => {
      slice[axis] = Math.max(0, Math.min(size - 1, Math.round(Number(input.value)) || 0))
      input.value = String(slice[axis])
      change([...slice])
    })
    return h('label', {}, `dimension ${axis}: `, input, ` of ${size}`)
  })
}
