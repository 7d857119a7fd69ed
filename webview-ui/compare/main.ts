// Two checkpoints side by side: did sparsity survive, where did weights move, and what does each matrix look like.
import '../shared/base.css'
import './compare.css'
import type { ComparedTensor, CompareSummary, Measured, TensorChange } from '../../src/shared/protocol/inspect.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import type { FromCompare, LabelledModel, ToCompare } from '../../src/shared/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { createGrid } from '../shared/grid.ts'
import { connectHost } from '../shared/host.ts'
import { signal } from '@preact/signals'
import type { Sight } from '../shared/matrix.tsx'
import { matrixSource } from '../shared/matrixSource.ts'
import { createMatrixView, type MatrixView } from '../shared/matrixView.ts'
import { divergingColour, sequentialColour, type PaletteName } from '../shared/palette.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { firstSlice, matrixShape, slicePickers } from '../shared/slices.ts'
import { showState } from '../shared/states.ts'
import { createTable } from '../shared/table.ts'
import { onThemeChange } from '../shared/theme.ts'
import { createAccuracyCard } from './accuracy.ts'
import { cellAt, changeColumns, changeGrid, changeMap, describeChange, type Measure } from './changes.ts'

const host = connectHost<ToCompare, FromCompare>()
let a: LabelledModel = { path: '', label: '' }
let b: LabelledModel = { path: '', label: '' }
let tensors: ComparedTensor[] = []
let changes: TensorChange[] = []
let done = 0
let map = changeMap([], [], 0)
let measure: Measure = 'filled'
let palette: PaletteName = 'viridis'
let keep: (name: string) => boolean = () => true

const title = h('h1')
const verdict = h('p', { class: 'verdict' })
const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Comparing' })
const cancel = h(
  'button',
  { type: 'button', class: 'secondary', onclick: () => host.post({ type: 'cancel' }) },
  'Cancel',
)
const busy = h('div', { class: 'row' }, bar, cancel)
const lists = h('div')
const grid = createGrid({
  label: 'Changes by block and module',
  describe: (row, column) => describeChange(map, row, column),
  onSelect: (row, column) => {
    const found = cellAt(map, row, column)?.changes[0]
    if (found) select(found, 'grid')
  },
})
const scale = h('div', { class: 'muted' })
const choice = h(
  'select',
  { 'aria-label': 'What the colour means' },
  h('option', { value: 'filled' }, 'mask flips'),
  h('option', { value: 'drift' }, 'drift of the weights'),
)
choice.addEventListener('change', () => {
  measure = choice.value === 'drift' ? 'drift' : 'filled'
  draw()
})
const table = createTable<TensorChange>({
  label: 'Changed tensors',
  columns: changeColumns,
  key: (change) => change.name,
  onSelect: (change) => select(change, 'table'),
  menuContext: (change) => ({ webviewSection: 'tensor', tensor: change.name, preventDefaultContextMenuItems: true }),
  empty: 'No tensor changed.',
})
const filter = createFilterBox('Filter changed tensors by name', (next) => {
  keep = next
  draw()
})
const sight = signal<Sight | null>(null)
const left: MatrixView = createMatrixView(
  {
    label: 'Picture in the first',
    source: matrixSource(host, 'first'),
    save: host.post,
  },
  sight,
)
const right: MatrixView = createMatrixView(
  {
    label: 'Picture in the second',
    source: matrixSource(host, 'second'),
    save: host.post,
  },
  sight,
)
const names = { a: h('h2'), b: h('h2'), tensor: h('p', { class: 'mono' }) }
const slices = h('div', { class: 'row' })
const pair = h(
  'section',
  { class: 'card', hidden: true, 'aria-label': 'Both matrices' },
  names.tensor,
  slices,
  h('div', { class: 'pair' }, h('div', {}, names.a, left.element), h('div', {}, names.b, right.element)),
)
const accuracy = createAccuracyCard(host.post)
const saveButton = h('button', { type: 'button', class: 'secondary', onclick: saveCsv }, 'Changes as CSV')
const tryButton = h(
  'button',
  { type: 'button', class: 'secondary', onclick: () => host.post({ type: 'tryOut' }) },
  'Try both…',
)
const page = [
  h(
    'header',
    {},
    h('div', { class: 'head' }, title, h('div', { class: 'row' }, tryButton, saveButton)),
    verdict,
    busy,
    lists,
  ),
  accuracy.element,
  h(
    'section',
    { class: 'card' },
    h(
      'div',
      { class: 'head' },
      h('h2', {}, 'Changes by block and module'),
      h('div', { class: 'row' }, choice, ...saveButtons('changes', figure, host.post)),
    ),
    grid.element,
    scale,
  ),
  h('section', { 'aria-label': 'Table of changes' }, filter.element, table.element),
  pair,
]
const root = document.body.appendChild(h('main', { class: 'compare' }))

/** Who has measured nothing is not in the picture. */
function showMeasured(measured: Measured): void {
  const both = [
    { label: `A: ${a.label}`, index: 0, picture: { evaluations: measured.a } },
    { label: `B: ${b.label}`, index: 1, picture: { evaluations: measured.b } },
  ]
  accuracy.update(both.filter(({ picture }) => picture.evaluations.some((one) => one.accuracy !== null)))
}

/** Pixels per side of a picture: two stand beside one another where there is room, else one below the other. */
const draw = onceAFrame(() => {
  map = changeMap(tensors, changes, done)
  grid.update(changeGrid(map, measure, (share) => sequentialColour(palette, share)))
  const rows = changes.filter((c) => keep(c.name))
  table.setRows(rows)
  filter.count(rows.length, changes.length)
  scale.textContent =
    measure === 'filled'
      ? 'red: filled zeros, in % of the weights; blue: new zeros; where a matrix has both, the larger share; pale: the mask is the same; hatched: not compared'
      : 'share of the norm by which the weights moved, in %; hatched: not compared'
})

function select(change: TensorChange, from: 'grid' | 'table'): void {
  if (from === 'grid') table.select(change.name)
  const row = map.blocks.indexOf(change.block ?? -1)
  const column = map.modules.indexOf(change.module)
  if (from === 'table') grid.select(row >= 0 && column >= 0 ? { row, column } : null)
  pair.hidden = false
  names.tensor.textContent = change.name
  const [rows, columns] = matrixShape(change.shape)
  const show = (slice: number[]) => {
    for (const side of [left, right]) side.show({ name: change.name, slice, rows, columns })
  }
  replaceChildren(slices, ...slicePickers(change.shape, show))
  show(firstSlice(change.shape))
}

/** The map for a paper: what the colours mean stands below it. */
function figure(): string | null {
  if (map.blocks.length === 0) return null
  const flips = measure === 'filled'
  return grid.toSvg({
    title: `A: ${a.label} → B: ${b.label}`,
    caption: flips
      ? 'Mask flips, in % of the weights; pale: the mask is the same'
      : 'Share of the norm by which the weights moved, in %',
    legend: flips
      ? { title: 'Mask', low: 'zeros filled', high: 'new zeros', notComputed: 'not compared' }
      : { title: 'Drift', low: '0 %', high: '100 %', notComputed: 'not compared' },
    scale: flips ? (share) => divergingColour(2 * share - 1) : undefined,
  })
}

function showResult(result: CompareSummary): void {
  changes = result.changed
  done = tensors.length
  table.fit(changes)
  busy.hidden = true
  verdict.textContent = result.verdict
  announce(result.verdict)
  const entries: [string, string[]][] = [
    ['Only in the second', result.added],
    ['Only in the first', result.removed],
    ['Shape or dtype differ', result.reshaped],
  ]
  const details = entries.map(([label, tensors]) =>
    tensors.length > 0
      ? h(
          'details',
          {},
          h('summary', {}, `${label}: ${tensors.length}`),
          h('pre', { class: 'mono' }, tensors.join('\n')),
        )
      : null,
  )
  replaceChildren(
    lists,
    h('p', { class: 'muted' }, `${result.changed.length} changed, ${result.same} the same`),
    ...details,
  )
  draw()
}

function saveCsv(): void {
  const header = ['name', 'role', 'parameters', 'filled', 'emptied', 'drift', 'max_abs']
  const lines = table.rows().map((c) => [c.name, c.role, c.parameters, c.filled, c.emptied, c.drift, c.maxAbs])
  host.post({ type: 'export', name: 'changes.csv', content: toCsv(header, lines), encoding: 'utf8' })
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      return showState(root, message, host)
    case 'models':
      a = message.a
      b = message.b
      tensors = []
      changes = []
      done = 0
      accuracy.update([])
      // The verdict speaks of A and B.
      title.textContent = `A: ${a.label} → B: ${b.label}`
      names.a.textContent = `A: ${a.label}`
      names.b.textContent = `B: ${b.label}`
      busy.hidden = false
      host.save({ a, b })
      replaceChildren(root, ...page)
      return draw()
    case 'progress':
      if (message.progress.tensors) tensors = message.progress.tensors
      if (message.progress.measured) showMeasured(message.progress.measured)
      for (const change of message.progress.changes) changes.push(change)
      done = message.progress.done
      table.fit(message.progress.changes)
      bar.value = message.progress.done / Math.max(1, message.progress.total)
      return draw()
    case 'result':
      return showResult(message.result)
    case 'settings':
      palette = message.settings.palette
      tryButton.disabled = !message.settings.trusted
      left.setPalette(palette)
      right.setPalette(palette)
      return draw()
  }
})
onThemeChange(() => {
  accuracy.redraw()
  grid.redraw()
})
