// A tensor of more than two dimensions is looked at one matrix at a time.

/** Rows and columns: the last two dimensions; a vector is one row. */
export function matrixShape(shape: readonly number[]): [number, number] {
  return [shape.length > 1 ? shape[shape.length - 2] : 1, shape[shape.length - 1] ?? 1]
}

/** The first matrix of a tensor: index 0 of every leading dimension. */
export const firstSlice = (shape: readonly number[]): number[] => shape.slice(0, -2).map(() => 0)
