// Two checkpoints side by side: whether zeros survived, where weights moved, and pictures of each matrix.
import { effect } from '@preact/signals'
import '../shared/base.css'
import '../shared/columns.css'
import { formatCount, formatShare, formatValue, plural } from '../../src/formatting/numbers.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import type { FromCompare, ModelKey, ToCompare } from '../../src/protocol/view.ts'
import { Button } from '../shared/button.tsx'
import { connectHost, saveText } from '../shared/host.ts'
import { NamedTable } from '../shared/namedTable.tsx'
import { openPage } from '../shared/page.tsx'
import { Facts, Folded, Say, Select } from '../shared/parts.tsx'
import { changeGrid, type ChangeMap as Changes, describeChange, emptyText, type Measure, mostDrift } from './changes.ts'
import {
  changed,
  chooseMeasure,
  cut,
  map,
  mark,
  measure,
  models,
  pictures,
  progress,
  receive,
  result,
  select,
  selected,
  sight,
  slice,
} from './store.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { cellOf } from '../shared/gridData.ts'
import { divergingColour } from '../shared/palette.ts'
import type { TensorChange } from '../../src/protocol/inspect.ts'
import { Matrix, matrixShape, SlicePickers } from '../shared/matrix.tsx'

/** Legend of the map, by measure. */
const meanings = {
  filled: {
    option: 'mask flips',
    title: 'Mask, in % of the weights',
    low: 'zeros filled',
    high: () => 'new zeros',
    more: 'Pale: the mask is the same. Where a matrix has both, the larger share counts.',
    colour: (share: number) => divergingColour(2 * share - 1),
  },
  drift: {
    option: 'drift of the weights',
    title: 'Drift, in % of the norm of A',
    low: 'the same',
    high: (map: Changes) => `${formatShare(mostDrift(map).most)}${mostDrift(map).isBeyond ? ' and more' : ''}`,
    more: 'How far the weights have moved. Pale: they are the same.',
    colour: divergingColour,
  },
} satisfies Record<Measure, object>
const options = (['filled', 'drift'] as const).map((value) => ({ value, text: meanings[value].option }))

function ChangeMap() {
  const { colour, more, title, low, high } = meanings[measure.value]
  const words = { title, low, high: high(map.value), notComputed: 'not compared' }
  const { a, b } = models.value ?? {}
  return (
    <section class="card">
      <MapFigure
        title="Changes by block and module"
        name="changes"
        fileTitle={`A: ${a?.label} → B: ${b?.label}`}
        caption={more}
        data={changeGrid(map.value, measure.value, colour)}
        words={words}
        describe={(row, column) => describeChange(map.value, row, column)}
        onSelect={(row, column) => {
          const found = cellOf(map.value, row, column)?.find(({ change }) => change)?.change
          if (found) select(found)
        }}
        mark={mark}
        tools={<Select label="Colour by" options={options} value={measure.value} onChoose={chooseMeasure} />}
      />
      <p class="muted caption">{more}</p>
    </section>
  )
}

/** A tensor in both checkpoints: its changes, and both pictures, which move together on one colour scale. */
function Pair() {
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
          <p class="muted caption">Both pictures share one colour scale and move together.</p>
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
    ['Drift', formatShare(drift)],
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

const host = connectHost<ToCompare, FromCompare>()
effect(() => {
  if (models.value) host.save({ a: models.value.a, b: models.value.b })
})

function ComparePage() {
  return (
    <div class="compare stack">
      <Head />
      <div class="columns">
        <div class="stack">
          <ChangeMap />
          <NamedTable
            of={changed}
            what="changed tensors"
            label="Changed tensors"
            onSelect={select}
            empty={emptyText(progress.value, result.value, changed.all.value.length)}
          />
        </div>
        <Pair />
      </div>
    </div>
  )
}

/** The title says which checkpoints A and B are, because the verdict refers to them by letter. */
function Head() {
  const { done, total } = progress.value
  return (
    <header>
      <div class="head">
        <h1>
          A: {models.value?.a.label} → B: {models.value?.b.label}
        </h1>
        <div class="row">
          <Button act={() => host.post({ type: 'tryOut' })} untrusted="Generating text needs a trusted workspace.">
            Try both…
          </Button>
          <Button act={saveCsv}>Changes as CSV</Button>
        </div>
      </div>
      {result.value ? (
        <Result {...result.value} />
      ) : (
        <div class="row">
          <progress max={1} value={done / Math.max(1, total)} aria-label="Comparing" />
          <span class="muted" data-status>
            {total === 0 ? 'Reading both checkpoints…' : `${formatCount(done)} of ${plural(total, 'tensor')} compared`}
          </span>
          <Button act={() => host.post({ type: 'cancel' })}>Cancel</Button>
        </div>
      )}
    </header>
  )
}

function Result({ verdict, changed: differing, same, added, removed, reshaped }: NonNullable<typeof result.value>) {
  const lists: [string, string[]][] = [
    ['Only in the second', added],
    ['Only in the first', removed],
    ['Shape or dtype differ', reshaped],
  ]
  return (
    <>
      <Say text={verdict} />
      <p class="muted">
        {formatCount(differing.length)} changed, {formatCount(same)} the same
      </p>
      {lists
        .filter(([, names]) => names.length > 0)
        .map(([label, names]) => (
          <Folded title={`${label}: ${names.length}`}>{names.join('\n')}</Folded>
        ))}
    </>
  )
}

function saveCsv(): void {
  const header = ['name', 'role', 'parameters', 'filled', 'emptied', 'drift', 'max_abs']
  const lines = changed.rows.value.map((c) => [c.name, c.role, c.parameters, c.filled, c.emptied, c.drift, c.maxAbs])
  saveText('changes.csv', toCsv(header, lines))
}

openPage(host, { receive, opens: ['models'], Page: ComparePage })
