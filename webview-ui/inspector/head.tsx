// The top of the inspector: what model this is, how far the scan is, and what can be done.
import type { ModelSummary, ScanProgress } from '../../src/protocol/inspect.ts'
import { formatBytes, formatCompact, formatDuration, formatShare, plural } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { Select, Tiles, type Tile } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'
import { exportAs } from './exportAs.ts'
import { host } from './host.ts'
import { Metadata, Notes } from './modelNotes.tsx'
import { OriginBox } from './origin.tsx'
import { RemoteBox, RemoteButtons } from './remote.tsx'
import { known, scan, type Scan } from './store.ts'
import { expandedBytes, roleTotals, type RoleTotal } from './totals.ts'

export function Head({ model }: { model: ModelSummary }) {
  return (
    <header>
      <div class="head">
        <div>
          <h1>{model.label}</h1>
          <p class="muted">{factsText(model)}</p>
          <ExpandedSize model={model} />
        </div>
        <div class="row">
          <ExportMenu model={model} />
          {!model.lookOnly && <Computing />}
          {model.remote && !model.remote.isGguf && <RemoteButtons />}
        </div>
      </div>
      {model.remote ? <RemoteBox {...model.remote} /> : <ScanRow model={model} />}
      <Notes model={model} />
      <Metadata model={model} />
      <Tiles label="Sparsity by role" tiles={roleTotals(model, known.value.stats).map(tileOf)} />
      <OriginBox origin={model.origin} />
    </header>
  )
}

function Computing() {
  return (
    <>
      <Button
        act={() => host.post({ type: 'tryOut' })}
        title="Generate text with this model"
        untrusted="Generating text needs a trusted workspace."
      >
        Try it…
      </Button>
      <Button primary act={() => host.post({ type: 'prune' })} untrusted="Pruning needs a trusted workspace.">
        Prune…
      </Button>
    </>
  )
}

function factsText({ modelType, parameters, bytes, tensors, files }: ModelSummary): string {
  return [
    modelType ?? 'unknown model type',
    `${formatCompact(parameters)} parameters`,
    formatBytes(bytes),
    `${plural(tensors.length, 'tensor')} in ${plural(files, 'file')}`,
  ].join(' · ')
}

function ExpandedSize({ model }: { model: ModelSummary }) {
  const bytes = expandedBytes(model)
  if (bytes === null) return null
  return (
    <p
      class="muted"
      data-size="expanded"
      title="For storage and transfer: sparsescope expand makes it dense before it is served."
    >
      Pruned linears are stored as bitmasks; {formatBytes(bytes)} when expanded
    </p>
  )
}

function ScanRow({ model }: { model: ModelSummary }) {
  const { going, result } = scan.value
  const { stats } = known.value
  const isWhole = model.tensors.every(({ name, unreadable }) => stats.has(name) || unreadable !== undefined)
  const start = result?.partial ? 'Continue' : 'Compute statistics'
  if (going)
    return (
      <div class="row scan">
        <progress max={1} value={shareOf(going.now)} aria-label="Scanning" />
        <span class="muted">{progressText(going.now, going.first)}</span>
        <Button act={() => host.post({ type: 'scanCancel' })}>Cancel</Button>
      </div>
    )
  return (
    <div class="row scan">
      {result && (
        <span class="muted" role="status">
          {resultText(result)}
        </span>
      )}
      {!isWhole && (!result || result.partial) && <Button act={() => host.post({ type: 'scanStart' })}>{start}</Button>}
    </div>
  )
}

function shareOf({ totalBytes, doneBytes }: ScanProgress): number {
  return totalBytes === 0 ? 1 : doneBytes / totalBytes
}

function resultText({ scanned, skipped, partial, problem }: NonNullable<Scan['result']>): string {
  const unread = skipped > 0 ? `, ${skipped} cannot be read` : ''
  const why = problem === undefined ? '' : `: ${problem}`
  return `${plural(scanned, 'tensor')} scanned${unread}${partial ? `, stopped before the end${why}` : ''}`
}

/** `first`: the scan as this view found it. What was known before took no time of it. */
function progressText({ doneBytes, totalBytes, elapsedMs }: ScanProgress, first: ScanProgress): string {
  const rate = (doneBytes - first.doneBytes) / Math.max(1, (elapsedMs - first.elapsedMs) / 1000)
  const left = rate > 0 ? ` · ${formatDuration((totalBytes - doneBytes) / rate)} left` : ''
  return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${left}`
}

function tileOf(total: RoleTotal): Tile {
  const { role, title, definition, tensors, parameters, zeros, scanned, scannedParameters } = total
  const partial = scanned > 0 && scanned < tensors ? ` (${scanned} of ${tensors} tensors)` : ''
  const value = scanned === 0 ? 'not computed' : formatShare(zeros / Math.max(1, scannedParameters))
  return [value, `${title} · ${formatCompact(parameters)}${partial}`, { title: definition, 'data-role': role }]
}

const exports = [
  { value: '', text: 'Export…' },
  { value: 'csv', text: 'Table as CSV' },
  { value: 'json', text: 'Table as JSON' },
  { value: 'svg', text: 'Map as SVG' },
  { value: 'png', text: 'Map as PNG' },
  { value: 'maps.svg', text: 'All maps as one SVG' },
  { value: 'maps.csv', text: 'All maps as one CSV' },
  { value: 'html', text: 'Report as HTML' },
] as const

function ExportMenu({ model }: { model: ModelSummary }) {
  const gguf = { value: 'gguf', text: 'Model as GGUF…', disabled: !settings.value.trusted } as const
  return (
    <Select
      label="Export the model, or what is shown of it"
      options={model.lookOnly ? exports : [...exports, gguf]}
      value=""
      onChoose={(format) => {
        if (format === 'gguf') host.post({ type: 'exportGguf' })
        else if (format !== '') void exportAs(format)
      }}
    />
  )
}
