// A tensor of more than two dimensions is looked at one matrix at a time: a field for each leading dimension.

/** Rows and columns: the last two dimensions; a vector is one row. */
export function matrixShape(shape: readonly number[]): [number, number] {
  return [shape.length > 1 ? shape[shape.length - 2] : 1, shape[shape.length - 1] ?? 1]
}

/** The first matrix of a tensor: index 0 of every leading dimension. */
export const firstSlice = (shape: readonly number[]): number[] => shape.slice(0, -2).map(() => 0)

interface SlicePickersProps {
  readonly shape: readonly number[]
  readonly slice: readonly number[]
  readonly onChange: (slice: number[]) => void
}

export function SlicePickers({ shape, slice, onChange }: SlicePickersProps) {
  const choose = (axis: number, input: HTMLInputElement) => {
    const at = Math.max(0, Math.min(shape[axis] - 1, Math.round(Number(input.value)) || 0))
    input.value = String(at)
    onChange(slice.map((index, i) => (i === axis ? at : index)))
  }
  return (
    <>
      {slice.map((at, axis) => (
        <label>
          {`dimension ${axis}: `}
          <input
            type="number"
            min={0}
            max={shape[axis] - 1}
            value={at}
            aria-label={`Index of dimension ${axis}`}
            onChange={(event) => choose(axis, event.currentTarget)}
          />
          {` of ${shape[axis]}`}
        </label>
      ))}
    </>
  )
}
