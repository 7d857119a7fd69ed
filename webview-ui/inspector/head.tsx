// The top of the inspector: the model's name, one sentence on its sparsity, its origin, and the progress of the scan.
import type { ComponentChildren } from 'preact'
import type { ModelSummary, Origin, ScanProgress } from '../../src/protocol/inspect.ts'
import { formatBytes, formatCompact, formatDuration, plural } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { Facts, Folded, Say, Warnings } from '../shared/parts.tsx'
import { host, known, scan, type Scan, waitsForScan } from './store.ts'
import { denseRoles, expandedBytes, roleText, roleTotals, summaryOf } from './summary.ts'
import { andList, someOf } from '../../src/formatting/lists.ts'
import { DataTableView } from '../shared/figure.tsx'

export function Head({ model }: { model: ModelSummary }) {
  const isCounting = scan.value.going !== null || waitsForScan.value
  const { lead, text } = summaryOf(model, known.value.stats, isCounting)
  return (
    <header>
      <div class="head">
        <div>
          <h1>{model.label}</h1>
          <p class="muted">
            {[
              `${formatCompact(model.parameters)} parameters`,
              formatBytes(model.bytes),
              plural(model.tensors.length, 'tensor'),
            ].join(' · ')}
          </p>
        </div>
        {!model.lookOnly && (
          <Button primary act={() => host.post({ type: 'prune' })} untrusted="Pruning needs a trusted workspace.">
            Prune…
          </Button>
        )}
      </div>
      <Say lead={lead} text={text} />
      <About model={model} />
      <ScanRow model={model} />
      <Notes model={model} />
    </header>
  )
}

function ScanRow({ model }: { model: ModelSummary }) {
  const { going, result } = scan.value
  const { stats } = known.value
  const isWhole = model.tensors.every(({ name, unreadable }) => stats.has(name) || unreadable !== undefined)
  if (going)
    return (
      <div class="row scan">
        <progress max={1} value={going.now.doneBytes / Math.max(1, going.now.totalBytes)} aria-label="Scanning" />
        <span class="muted">{progressText(going.now, going.first)}</span>
        <Button act={() => host.post({ type: 'scanCancel' })}>Cancel</Button>
      </div>
    )
  return (
    <div class="row scan">
      {result && (
        <span class={isWhole ? 'srOnly' : 'muted'} role="status">
          {resultText(result)}
        </span>
      )}
      {!isWhole && !waitsForScan.value && (!result || result.partial) && (
        <Button act={() => host.post({ type: 'scanStart' })}>
          {result?.partial ? 'Continue' : 'Compute statistics'}
        </Button>
      )}
    </div>
  )
}

function resultText({ scanned, skipped, partial, problem }: NonNullable<Scan['result']>): string {
  const unread = skipped > 0 ? `, ${skipped} cannot be read` : ''
  const why = problem === undefined ? '' : `: ${problem}`
  return `${plural(scanned, 'tensor')} scanned${unread}${partial ? `, stopped before the end${why}` : ''}`
}

/** `first`: progress when this view opened; earlier results do not count towards the rate. */
function progressText({ doneBytes, totalBytes, elapsedMs }: ScanProgress, first: ScanProgress): string {
  const rate = (doneBytes - first.doneBytes) / Math.max(1, (elapsedMs - first.elapsedMs) / 1000)
  const left = rate > 0 ? ` · ${formatDuration((totalBytes - doneBytes) / rate)} left` : ''
  return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${left}`
}

// The origin and the metadata of a checkpoint, as one line that unfolds, and its errors and warnings.
/** Limits on what the page shows of untrusted files: names, entries, characters. Exports contain everything. */
const mostNames = 200
const mostEntries = 100
const longestText = 4000

function About({ model }: { model: ModelSummary }) {
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

/** How the checkpoint was made, how it is stored, and the zeros outside the prunable matrices. */
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
function Notes({ model: { problems, warnings } }: { model: ModelSummary }) {
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
