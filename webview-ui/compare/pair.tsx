// A tensor in both checkpoints: what changed in it, and both matrices, which move together and have one scale.
import { formatCount, formatShare, formatValue } from '../../src/formatting/numbers.ts'
import type { ModelKey } from '../../src/protocol/view.ts'
import type { TensorChange } from '../../src/protocol/inspect.ts'
import { Matrix } from '../shared/matrix.tsx'
import { Facts } from '../shared/parts.tsx'
import { matrixShape, SlicePickers } from '../shared/slicePickers.tsx'
import { cut, models, pictures, result, selected, sight, slice } from './store.ts'

export function Pair() {
  const change = selected.value
  return (
    <section class="card detail" aria-label="Both matrices">
      {change ? (
        <>
          <h2 class="mono name">{change.name}</h2>
          <Facts facts={factsOf(change)} />
          <div class="row">
            <SlicePickers shape={change.shape} slice={slice.value} onChange={cut} />
          </div>
          <div class="tiled pair">
            <Side of="first" change={change} />
            <Side of="second" change={change} />
          </div>
          <p class="muted">Both have the same colours on the same scale, and move together.</p>
        </>
      ) : (
        <p class="muted">{result.value ? 'No tensor differs.' : 'The first tensor that differs appears here.'}</p>
      )}
    </section>
  )
}

function factsOf({ parameters, filled, emptied, drift, maxAbs }: TensorChange): [string, string][] {
  const of = (count: number) => `${formatCount(count)} (${formatShare(count / Math.max(1, parameters))})`
  return [
    ['Zeros filled', of(filled)],
    ['New zeros', of(emptied)],
    ['Drift', formatValue(drift)],
    ['Largest change', formatValue(maxAbs)],
  ]
}

function Side({ of, change: { name, shape } }: { of: ModelKey; change: TensorChange }) {
  const [rows, columns] = matrixShape(shape)
  const { a, b } = models.value ?? {}
  return (
    <div>
      <h2>{of === 'first' ? `A: ${a?.label}` : `B: ${b?.label}`}</h2>
      <Matrix
        label={`Picture in the ${of}`}
        matrix={{ name, slice: slice.value, rows, columns }}
        model={of}
        sight={sight}
        pictures={pictures}
      />
    </div>
  )
}
