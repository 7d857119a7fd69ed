// The trainable map: which weights a recipe would train, before anything runs.
import '../shared/base.css'
import './trainable.css'
import type { PlanRow, PlanSummary, RecoverySummary } from '../../src/shared/plan/planSummary.ts'
import type { FromTrainable, ToTrainable } from '../../src/shared/protocol/view.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCompact, formatCount, formatDuration, formatTrained } from '../../src/shared/format/numbers.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { createGrid } from '../shared/grid.ts'
import { connectHost } from '../shared/host.ts'
import { createLegend, type LegendWords } from '../shared/legend.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import { showState } from '../shared/states.ts'
import { createTable } from '../shared/table.ts'
import type { Column } from '../shared/tableColumn.ts'
import { onThemeChange } from '../shared/theme.ts'
import { describeShare, lettersOf, shareGrid, shareMap, type ShareMap } from './shares.ts'

const host = connectHost<ToTrainable, FromTrainable>()
let plan: PlanSummary | null = null
let map: ShareMap = { blocks: [], modules: [], cells: new Map(), most: 0 }
let palette: PaletteName = 'viridis'
let keep: (name: string) => boolean = () => true
const colour = (value: number) => sequentialColour(palette, value)

const { first, last } = placeColumns<PlanRow>('Parameter')
const columns: Column<PlanRow>[] = [
  ...first,
  { id: 'state', title: 'State', text: stateOf, sort: stateOf },
  { ...count('parameters', 'Weights', (r) => r.parameters), optional: 1 },
  count('trainable', 'Trained', (r) => r.trainable),
  last,
]
const table = createTable<PlanRow>({
  label: 'Parameters',
  columns,
  key: (row) => row.name,
  onSelect: () => {},
  menuContext: (row) => ({ webviewSection: 'tensor', tensor: row.name, preventDefaultContextMenuItems: true }),
  empty: 'No parameter has such a name.',
})
const filter = createFilterBox('Filter parameters by name', (next) => {
  keep = next
  showRows()
})
const grid = createGrid({
  label: 'Trained share by block and module',
  describe: (row, column) => describeShare(map, row, column),
  onSelect: (row, column) => filter.set({ text: `.${map.blocks[row]}. ${map.modules[column]}`, regex: false }),
})
const words: LegendWords = {
  title: 'Trained numbers per weight',
  low: 'none',
  high: 'most in this recipe',
  notComputed: null,
}
const legend = createLegend(words)
const root = document.body.appendChild(h('main', { class: 'trainable' }))

function count(id: string, title: string, value: (row: PlanRow) => number): Column<PlanRow> {
  return { id, title, numeric: true, text: (r) => formatCount(value(r)), sort: value }
}

function stateOf(row: PlanRow): string {
  const states = [row.by ?? 'frozen', row.pruned && 'pruned'].filter(Boolean)
  return states.join(', ')
}

function tiles(p: PlanSummary): [string, string][] {
  const { estimates } = p
  const shown: [string, string][] = [
    [formatTrained(p.percentage), `trained: ${formatCount(p.trainable)} of ${formatCompact(p.parameters)}`],
    [formatCount(p.prunedModules), 'matrices to prune'],
    [formatBytes(estimates.memoryBytes), 'memory, estimated'],
    [formatBytes(estimates.diskBytes), 'disk, estimated'],
  ]
  if (estimates.seconds !== null) shown.push([formatDuration(estimates.seconds), 'time, estimated'])
  return shown
}

/** Each of several recoveries shows its share, since the rows below show what any of them trains. */
function recoveryText({ mode, train, percentage, place }: RecoverySummary): string {
  const several = place !== 'recover' && train.length > 0
  return `${mode}: train ${train.join(', ') || 'nothing'}${several ? ` (${formatTrained(percentage)})` : ''}`
}

function show(next: PlanSummary): void {
  plan = next
  table.fit(next.rows)
  map = shareMap(next.rows)
  const what =
    next.recoveries.length > 0 ? next.recoveries.map(recoveryText).join(' → ') : 'prunes only, trains nothing'
  const numbers = tiles(next).map(([value, name]) =>
    h('li', {}, h('b', {}, value), h('span', { class: 'muted' }, name)),
  )
  const run = h('button', { type: 'button', onclick: () => host.post({ type: 'run' }) }, 'Run')
  run.disabled = next.errors.length > 0
  const open = h(
    'button',
    { type: 'button', class: 'secondary', onclick: () => host.post({ type: 'openRecipe' }) },
    'Open recipe',
  )
  const csv = h('button', { type: 'button', class: 'secondary', onclick: saveCsv }, 'Table as CSV')
  const problems = [...next.errors, ...next.warnings]
  replaceChildren(
    root,
    h(
      'div',
      { class: 'head' },
      h(
        'div',
        {},
        h('h1', {}, `What ${next.recipe} would train`),
        h('p', { class: 'muted' }, `${next.model} · ${what}`),
      ),
      h('div', { class: 'row' }, csv, open, run),
    ),
    problems.length > 0 && h('ul', { class: 'warnings' }, ...problems.map((w) => h('li', {}, w))),
    h('ul', { class: 'tiles', 'aria-label': 'Totals' }, ...numbers),
    h(
      'section',
      { class: 'card' },
      h(
        'div',
        { class: 'head' },
        h('h2', {}, 'By block and module'),
        h('div', { class: 'row' }, ...saveButtons('trainable', () => figure(next), host.post)),
      ),
      grid.element,
      legend.element,
      h('p', { class: 'muted' }, lettersOf(map)),
    ),
    h('section', { 'aria-label': 'Table of parameters' }, filter.element, table.element),
  )
  draw()
  showRows()
}

function figure({ recipe, model }: PlanSummary): string {
  return grid.toSvg({ title: `What ${recipe} would train`, legend: words, caption: `${model} · ${lettersOf(map)}` })
}

function draw(): void {
  grid.update(shareGrid(map, colour))
  legend.update(colour)
}

function showRows(): void {
  if (!plan) return
  const rows = plan.rows.filter((r) => keep(r.name))
  table.setRows(rows)
  filter.count(rows.length, plan.rows.length)
}

function saveCsv(): void {
  const lines = table
    .rows()
    .map((r) => [r.name, r.role, r.by ?? 'frozen', r.pruned ? 'yes' : 'no', r.parameters, r.trainable])
  const content = toCsv(['name', 'role', 'trained_by', 'pruned', 'parameters', 'trainable'], lines)
  host.post({ type: 'export', name: 'trainable.csv', content, encoding: 'utf8' })
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      return showState(root, message, host)
    case 'plan':
      return show(message.plan)
    case 'settings':
      palette = message.settings.palette
      return draw()
  }
})
onThemeChange(draw)
