// The top of the inspector: the model's name, one sentence on its sparsity, its origin, and the progress of the scan.
import type { ModelSummary, ScanProgress } from '../../src/protocol/inspect.ts'
import { formatBytes, formatCompact, formatDuration, plural } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { Say } from '../shared/parts.tsx'
import { About, Notes } from './about.tsx'
import { host, known, scan, waitsForScan, type Scan } from './store.ts'
import { summaryOf } from './summary.ts'

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
        <progress max={1} value={shareOf(going.now)} aria-label="Scanning" />
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

function shareOf({ totalBytes, doneBytes }: ScanProgress): number {
  return totalBytes === 0 ? 1 : doneBytes / totalBytes
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
