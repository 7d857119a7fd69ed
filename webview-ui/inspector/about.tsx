// The origin and the metadata of a checkpoint, in one line that opens; below it errors and warnings.
import type { ComponentChildren } from 'preact'
import type { ModelSummary, Origin } from '../../src/protocol/inspect.ts'
import { formatBytes, plural } from '../../src/formatting/numbers.ts'
import { andList, someOf } from '../../src/formatting/lists.ts'
import { Button } from '../shared/button.tsx'
import { DataTableView } from '../shared/figure.tsx'
import { Facts, Folded, Warnings } from '../shared/parts.tsx'
import { host, known } from './store.ts'
import { denseRoles, expandedBytes, roleText, roleTotals } from './summary.ts'

/** Limits for lists and texts of untrusted files; exports contain everything. */
const mostNames = 200
const mostEntries = 100
const longestText = 4000

export function About({ model }: { model: ModelSummary }) {
  const { origin, modelType, files, metadata } = model
  return (
    <details class="about">
      <summary class="muted">
        {provenance(model).map((part, i) => (
          <>
            {i > 0 && ' · '}
            {part}
          </>
        ))}
      </summary>
      {origin && <OriginFacts origin={origin} />}
      <Facts
        facts={[
          ['Model type', modelType ?? 'unknown'],
          ['Files', String(files)],
        ]}
      />
      <Metadata metadata={metadata} />
    </details>
  )
}

/** How it was made, how it is stored, and the zeros outside the prunable matrices. */
function provenance(model: ModelSummary): ComponentChildren[] {
  const { origin } = model
  const { stats } = known.value
  const made = (origin?.facts ?? []).flatMap(([name, value]) => {
    if (name === 'made from') return [`Made from ${value}`]
    return name === 'pruned' || name === 'recovered' ? [value] : []
  })
  const bytes = expandedBytes(model)
  const stored = bytes !== null && (
    <span data-size="expanded" title="For storage and transfer: run sparsescope expand before you serve it.">
      stored as bitmasks, {formatBytes(bytes)} when expanded
    </span>
  )
  const others = roleTotals(model, stats).filter(({ role }) => role !== 'linear')
  const dense = denseRoles(others)
  const roles =
    made.length > 0 && dense.length > 0 && dense.length === others.length
      ? [`${andList(dense)} are dense`]
      : others.map((total) => (
          <span data-role={total.role} title={total.definition}>
            {roleText(total)}
          </span>
        ))
  const parts = [...made, ...(stored ? [stored] : []), ...roles]
  return parts.length > 0 ? parts : ['About this model']
}

function OriginFacts({ origin: { facts, results, protocol, recipe, hasCard } }: { origin: Origin }) {
  return (
    <>
      <Facts facts={facts} />
      {results.rows.length > 0 && (
        <DataTableView
          label="Results"
          table={{ heads: results.heads, rows: results.rows.map(([head, ...cells]) => ({ head, cells })) }}
        />
      )}
      <ul class="muted">
        {protocol.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
      <Folded title="Recipe">{recipe}</Folded>
      <Button
        act={() => host.post({ type: 'writeCard' })}
        disabled={hasCard}
        title={hasCard ? 'There is a README.md already. It is never overwritten.' : 'README.md for the Hub'}
        untrusted="Writing a model card needs a trusted workspace."
      >
        Write model card
      </Button>
    </>
  )
}

/** `__metadata__` of the files. */
function Metadata({ metadata }: Pick<ModelSummary, 'metadata'>) {
  const entries = Object.entries(metadata)
  if (entries.length === 0) return null
  const rest = entries.length - mostEntries
  return (
    <Folded title={`Metadata of the files (${entries.length})`}>
      <div class="mono">
        <Facts facts={entries.slice(0, mostEntries).map(([key, text]) => [key, shortened(text)])} />
      </div>
      {rest > 0 && <p>… and {rest} more</p>}
    </Folded>
  )
}

/** Files that cannot be opened, with the missing tensors, then warnings. */
export function Notes({ model: { problems, warnings } }: { model: ModelSummary }) {
  const opening = problems.map(({ message, missing }) => (
    <>
      {message}
      {missing.length > 0 && (
        <Folded title={plural(missing.length, 'missing tensor')}>{someOf(missing, mostNames, '\n')}</Folded>
      )}
    </>
  ))
  return <Warnings of={[...opening, ...warnings]} />
}

const shortened = (text: string) =>
  text.length > longestText ? `${text.slice(0, longestText)} … (${text.length} characters)` : text
