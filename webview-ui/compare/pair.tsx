// A tensor in both checkpoints: what changed in it, and both matrices, which move together and have one scale.
import { formatCount, formatShare, formatValue } from '../../src/shared/format/numbers.ts'
import type { TensorChange } from '../../src/shared/protocol/inspect.ts'
import type { FromCompare, ModelKey, ToCompare } from '../../src/shared/protocol/view.ts'
import type { Host } from '../shared/host.ts'
import { Matrix } from '../shared/matrix.tsx'
import { matrixSource } from '../shared/matrixSource.ts'
import { SlicePickers } from '../shared/slicePickers.tsx'
import { matrixShape } from '../shared/slices.ts'
import { cut, models, pictures, result, selected, sight, slice } from './store.ts'

interface PairProps {
  readonly host: Host<ToCompare, FromCompare>
}

export function Pair({ host }: PairProps) {
  const change = selected.value
  return (
    <section class="card detail" aria-label="Both matrices">
      {change ? (
        <>
          <h2 class="mono name">{change.name}</h2>
          <Facts change={change} />
          <div class="row">
            <SlicePickers shape={change.shape} slice={slice.value} onChange={cut} />
          </div>
          <div class="pair">
            <Side host={host} of="first" change={change} />
            <Side host={host} of="second" change={change} />
          </div>
          <p class="muted">Both have the same colours on the same scale, and move together.</p>
        </>
      ) : (
        <p class="muted">{result.value ? 'No tensor differs.' : 'The first tensor that differs appears here.'}</p>
      )}
    </section>
  )
}

function Facts({ change: { parameters, filled, emptied, drift, maxAbs } }: { change: TensorChange }) {
  const of = (count: number) => `${formatCount(count)} (${formatShare(count / Math.max(1, parameters))})`
  const facts: [string, string][] = [
    ['Zeros filled', of(filled)],
    ['New zeros', of(emptied)],
    ['Drift', formatValue(drift)],
    ['Largest change', formatValue(maxAbs)],
  ]
  return (
    <dl class="facts">
      {facts.map(([term, text]) => (
        <>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  )
}

function Side({ host, of, change: { name, shape } }: PairProps & { of: ModelKey; change: TensorChange }) {
  const [rows, columns] = matrixShape(shape)
  const { a, b } = models.value ?? {}
  return (
    <div>
      <h2>{of === 'first' ? `A: ${a?.label}` : `B: ${b?.label}`}</h2>
      <Matrix
        label={`Picture in the ${of}`}
        matrix={{ name, slice: slice.value, rows, columns }}
        source={matrixSource(host, of)}
        sight={sight}
        pictures={pictures}
        save={host.post}
      />
    </div>
  )
}
