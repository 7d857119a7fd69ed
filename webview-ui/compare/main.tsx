// Two checkpoints side by side: did sparsity survive, where did weights move, and what does each matrix look like.
import '../shared/base.css'
import '../shared/columns.css'
import './compare.css'
import { effect } from '@preact/signals'
import { formatCount, plural } from '../../src/formatting/numbers.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import type { FromCompare, ToCompare } from '../../src/protocol/view.ts'
import { AccuracyBars } from '../shared/accuracyBars.tsx'
import { Button } from '../shared/button.tsx'
import { connectHost, saveText } from '../shared/host.ts'
import { NamedTable } from '../shared/namedTable.tsx'
import { openPage } from '../shared/page.tsx'
import { Folded } from '../shared/parts.tsx'
import { ChangeMap } from './changeMap.tsx'
import { emptyText } from './changes.ts'
import { Pair } from './pair.tsx'
import { changed, measured, models, progress, receive, result, select } from './store.ts'

const host = connectHost<ToCompare, FromCompare>()
effect(() => {
  if (models.value) host.save({ a: models.value.a, b: models.value.b })
})

function ComparePage() {
  return (
    <div class="compare stack">
      <Head />
      <Accuracies />
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

/** The verdict speaks of A and B. */
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
      <p class="verdict">{verdict}</p>
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

/** Who has measured nothing is not in the picture. */
function Accuracies() {
  if (!models.value) return null
  const { a, b } = models.value
  const runs = [
    { label: `A: ${a.label}`, index: 0, picture: { evaluations: measured.value.a } },
    { label: `B: ${b.label}`, index: 1, picture: { evaluations: measured.value.b } },
  ].filter(({ picture }) => picture.evaluations.some((one) => one.accuracy !== null))
  return (
    <AccuracyBars runs={runs}>
      {runs.length === 1 && <p class="muted">{`Measured by the run that made ${runs[0].label}`}</p>}
    </AccuracyBars>
  )
}

function saveCsv(): void {
  const header = ['name', 'role', 'parameters', 'filled', 'emptied', 'drift', 'max_abs']
  const lines = changed.rows.value.map((c) => [c.name, c.role, c.parameters, c.filled, c.emptied, c.drift, c.maxAbs])
  saveText('changes.csv', toCsv(header, lines))
}

openPage(host, { receive, opens: ['models'], Page: ComparePage })
