// A tensor of more than two dimensions is looked at one matrix at a time: a field for each leading dimension.

export interface SlicePickersProps {
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
