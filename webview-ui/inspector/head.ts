// The top of the inspector: what model this is, how far the scan is, and what can be done.
import type { ModelSummary, ScanProgress, ScanResult, TensorStats } from '../../src/shared/protocol/inspect.ts'
import type { ExportFormat } from '../../src/shared/protocol/view.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCompact, formatDuration, formatShare } from '../../src/shared/format/numbers.ts'
import { announce } from '../shared/announce.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createOriginBox } from './origin.ts'
import { metadataBox, warningItems } from './modelNotes.ts'
import { otherSize, roleTotals, type OtherSize, type RoleTotal } from './totals.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface Head {
  element: HTMLElement
  model(model: ModelSummary): void
  totals(model: ModelSummary, stats: ReadonlyMap<string, TensorStats>): void
  scanning(progress: ScanProgress | null): void
  scanned(result: ScanResult): void
  trusted(trusted: boolean): void
}

export interface HeadActions {
  scan: () => void
  cancel: () => void
  prune: () => void
  tryOut: () => void
  writeCard: () => void
  save: (format: ExportFormat) => void
}

export function createHead(actions: HeadActions): Head {
  const title = h('h1')
  const facts = h('p', { class: 'muted' })
  const other = h('p', { class: 'muted', 'data-size': 'other', hidden: true })
  const warnings = h('ul', { class: 'warnings', hidden: true })
  const metadata = h('div')
  const origin = createOriginBox(actions.writeCard)
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Scanning' })
  const text = h('span', { class: 'muted' })
  const start = h('button', { type: 'button', class: 'secondary', onclick: actions.scan }, 'Compute statistics')
  const stop = h('button', { type: 'button', class: 'secondary', onclick: actions.cancel, hidden: true }, 'Cancel')
  const prune = h('button', { type: 'button', onclick: actions.prune }, 'Prune…')
  const tryOut = h('button', { type: 'button', class: 'secondary', onclick: actions.tryOut }, 'Try it…')
  const totals = h('ul', { class: 'tiles', 'aria-label': 'Sparsity by role' })
  bar.hidden = true
  const element = h(
    'header',
    {},
    h(
      'div',
      { class: 'head' },
      h('div', {}, title, facts, other),
      h('div', { class: 'row' }, exportMenu(actions.save), tryOut, prune),
    ),
    h('div', { class: 'row scan' }, bar, text, stop, start),
    warnings,
    metadata,
    totals,
    origin.element,
  )
  let first: ScanProgress | null = null
  const busy = (on: boolean) => {
    bar.hidden = !on
    stop.hidden = !on
    start.hidden = on
  }
  return {
    element,
    model(model) {
      title.textContent = model.label
      facts.textContent = factsText(model)
      const items = warningItems(model)
      warnings.hidden = items.length === 0
      replaceChildren(warnings, ...items)
      replaceChildren(metadata, metadataBox(model))
      origin.update(model.origin)
    },
    totals(model, stats) {
      showOtherSize(other, otherSize(model, stats))
      replaceChildren(totals, ...roleTotals(model, stats).map(roleTile))
    },
    scanning(progress) {
      busy(true)
      if (!progress) return void (text.textContent = 'reading…')
      first ??= progress
      bar.value = progress.totalBytes === 0 ? 1 : progress.doneBytes / progress.totalBytes
      text.textContent = progressText(progress, first)
    },
    scanned(result) {
      busy(false)
      first = null
      start.hidden = !result.partial
      start.textContent = result.partial ? 'Continue' : 'Compute statistics'
      const skipped = result.skipped > 0 ? `, ${result.skipped} cannot be read` : ''
      const why = result.problem === undefined ? '' : `: ${result.problem}`
      const stopped = result.partial ? `, stopped before the end${why}` : ''
      text.textContent = `${plural(result.scanned, 'tensor')} scanned${skipped}${stopped}`
      announce(text.textContent)
    },
    trusted(trusted) {
      prune.disabled = !trusted
      prune.title = trusted ? '' : 'Pruning needs a trusted workspace.'
      origin.trusted(trusted)
      tryOut.disabled = !trusted
      tryOut.title = trusted ? 'Generate text with this model' : 'Generating text needs a trusted workspace.'
    },
  }
}

function factsText({ modelType, parameters, bytes, tensors, files }: ModelSummary): string {
  return [
    modelType ?? 'unknown model type',
    `${formatCompact(parameters)} parameters`,
    formatBytes(bytes),
    `${plural(tensors.length, 'tensor')} in ${plural(files, 'file')}`,
  ].join(' · ')
}

function roleTile(t: RoleTotal): HTMLElement {
  const partial = t.scanned > 0 && t.scanned < t.tensors ? ` (${t.scanned} of ${t.tensors} tensors)` : ''
  const value = t.scanned === 0 ? 'not computed' : formatShare(t.zeros / Math.max(1, t.scannedParameters))
  const note = h('span', { class: 'muted' }, `${t.title} · ${formatCompact(t.parameters)}${partial}`)
  return h('li', { title: t.definition, 'data-role': t.role }, h('b', {}, value), note)
}

/** People who share sparse checkpoints ask first how large they are. */
function showOtherSize(line: HTMLElement, size: OtherSize): void {
  line.hidden = size === null
  if (size === null) return
  const text = formatBytes(size.bytes)
  line.textContent =
    size.as === 'dense'
      ? `Pruned linears are stored as bitmasks; ${text} when expanded`
      : `${text} if it were saved with format: bitmask`
  line.title = 'For storage and transfer: sparsescope expand makes it dense before it is served.'
}

/** `first`: the scan as this view found it. What was known before took no time of it. */
function progressText({ doneBytes, totalBytes, elapsedMs }: ScanProgress, first: ScanProgress): string {
  const rate = (doneBytes - first.doneBytes) / Math.max(1, (elapsedMs - first.elapsedMs) / 1000)
  const left = rate > 0 ? ` · ${formatDuration((totalBytes - doneBytes) / rate)} left` : ''
  return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${left}`
}

function exportMenu(save: (format: ExportFormat) => void): HTMLElement {
  const choices: [ExportFormat, string][] = [
    ['csv', 'Table as CSV'],
    ['json', 'Table as JSON'],
    ['svg', 'Map as SVG'],
    ['png', 'Map as PNG'],
    ['html', 'Report as HTML'],
  ]
  const menu = h('select', { 'aria-label': 'Export what is shown' }, h('option', { value: '' }, 'Export…'))
  for (const [value, label] of choices) menu.append(h('option', { value }, label))
  menu.addEventListener('change', () => {
    const chosen = choices.find(([value]) => value === menu.value)
    menu.value = ''
    if (chosen) save(chosen[0])
  })
  return menu
}
