// The view of several runs: a sweep's, live while it runs, or those that a person chose to compare.
import '../shared/base.css'
import '../shared/chart.css'
import './sweep.css'
import type { ComparedRow, ComparedWhat, FromSweep, ToSweep } from '../../src/shared/protocol/sweepView.ts'
import { curveNames } from '../../src/shared/series/curves.ts'
import { comparisonCsv } from '../../src/shared/sweep/comparisonCsv.ts'
import { comparisonMarkdown, comparisonTable } from '../../src/shared/sweep/comparisonTable.ts'
import { measuresOf, type Measure } from '../../src/shared/sweep/measures.ts'
import { defaultStyles, stylePaths, type StyledBy } from '../../src/shared/sweep/runStyles.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { connectHost } from '../shared/host.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { emptyState, showState } from '../shared/states.ts'
import { createTable, type Table } from '../shared/table.ts'
import { onThemeChange } from '../shared/theme.ts'
import { createChoice, createSwitch } from './choice.ts'
import { createCurves, curveTexts, type ShownCurves } from './curves.ts'
import { entriesOf, hasSeeds, labelOf, styled, wordsOf, type Entry } from './entries.ts'
import { createHead } from './head.ts'
import { createMaps, mostMaps } from './maps.ts'
import { storedOptions } from './options.ts'
import { columnsOf } from './runTable.ts'
import { createScatter } from './scatter.ts'

const host = connectHost<ToSweep, FromSweep>()
const options = storedOptions(host.load().options)
let what: ComparedWhat | null = null
let rows: ComparedRow[] = []
let shown: Entry[] = []
let selected = new Set<number>(options.selected)
let palette: PaletteName = 'viridis'
let settingSmoothing = 0.6
let trusted = false
let keep = (_: string) => true
let watch = 0
let watched = ''
let mapped = ''

const keepOptions = () => host.save({ ...host.load(), options: { ...options, selected: [...selected] } })
/** A person has chosen something: it is kept, and the view drawn anew. */
const chosen = () => {
  keepOptions()
  draw()
}
const isSelected = ({ members }: Entry) => members.some((run) => selected.has(run))
const smoothing = () => options.smoothing ?? settingSmoothing

const head = createHead({
  act: (act) => host.post({ type: 'act', what: act }),
  open: ({ index }) => host.post({ type: 'openRun', run: index }),
  csv: () => save('runs.csv', comparisonCsv(shown.flatMap(({ members }) => members.map((run) => rows[run])))),
  markdown: () => save('runs.md', comparisonMarkdown(comparisonTable(table?.table.rows() ?? shown))),
})
const open = (entry: Entry) => {
  // Of several seeds the first that has a folder.
  const run = entry.members.find((member) => rows[member].isBegun)
  if (run !== undefined) host.post({ type: 'openRun', run })
}
const toggle = ({ members }: Entry) => {
  const off = members.some((run) => selected.has(run))
  for (const run of members) if (off) selected.delete(run); else selected.add(run) // prettier-ignore
  chosen()
}
const scatter = createScatter({ open, toggle, save: host.post })
const curves = createCurves({ toggle, save: host.post })
const maps = createMaps(host.post, (value) => sequentialColour(palette, value))

const axis = (name: 'x' | 'y') =>
  createChoice(name, `${name} axis of the picture`, (value) => {
    options[name] = value
    options[name === 'x' ? 'logX' : 'logY'] = null
    chosen()
  })
const pickers = {
  x: axis('x'),
  y: axis('y'),
  colour: createChoice('colour', 'What colours tell apart', (value) => {
    options.colour = value
    chosen()
  }),
  shape: createChoice('shape', 'What shapes tell apart', (value) => {
    options.shape = value
    chosen()
  }),
  curve: createChoice('', 'Which curves', (value) => {
    options.curve = curveNames.find((name) => name === value) ?? null
    options.curveLogY = null
    chosen()
  }),
}
const log = (name: 'logX' | 'logY' | 'curveLogX' | 'curveLogY', axisName: string, title: string) =>
  createSwitch(`log ${axisName}`, `${title}: logarithmic ${axisName} axis`, (on) => {
    options[name] = on
    chosen()
  })
const logs = {
  x: log('logX', 'x', 'Picture'),
  y: log('logY', 'y', 'Picture'),
  curveX: log('curveLogX', 'x', 'Curves'),
  curveY: log('curveLogY', 'y', 'Curves'),
}
const smoother = h('input', { type: 'range', min: 0, max: 0.99, step: 0.01, 'aria-label': 'Smoothing of the loss' })
const smootherLabel = h('label', { class: 'choice' }, 'smooth', smoother)
smoother.addEventListener('change', () => {
  options.smoothing = Number(smoother.value)
  chosen()
})
const filter = createFilterBox('Filter runs by name, setting or state', (next) => {
  keep = next
  options.filter = filter.value()
  chosen()
})
const fold = createSwitch('fold seeds', 'Runs that differ only by their seed are one: median and range', (on) => {
  options.fold = on
  chosen()
})
const none = h('button', { type: 'button', class: 'secondary', onclick: () => { selected.clear(); chosen() } }, 'Clear selection') // prettier-ignore
const tableHost = h('div', {})
const charts = h(
  'div',
  { class: 'sweepCharts' },
  h('section', { class: 'card' }, scatter.head, h('div', { class: 'choices' }, pickers.x.element, pickers.y.element, pickers.colour.element, pickers.shape.element, logs.x.element, logs.y.element), scatter.element), // prettier-ignore
  h('section', { class: 'card' }, h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, 'Curves'), h('span', { class: 'chartTools' }, ...curves.tools)), h('div', { class: 'choices' }, pickers.curve.element, smootherLabel, logs.curveX.element, logs.curveY.element), curves.element), // prettier-ignore
)
const tools = h('div', { class: 'row sweepTools' }, filter.element, fold.element, none)
const page = [head.element, charts, tools, tableHost, maps.element]
const root = document.body.appendChild(h('main'))
let table: { readonly columns: string; readonly table: Table<Entry> } | null = null

function save(name: string, content: string): void {
  host.post({ type: 'export', name, content, encoding: 'utf8' })
}

const draw = onceAFrame(() => {
  if (!what || rows.length === 0) return
  const bare = entriesOf(rows, options.fold)
  const by = stylesOf(bare)
  const all = styled(bare, by)
  shown = all.filter((entry) => keep(wordsOf(entry)))
  head.update(what, rows, trusted)
  fold.element.hidden = !hasSeeds(rows)
  fold.set(options.fold)
  filter.count(shown.length, all.length)
  none.hidden = selected.size === 0
  drawTable(all)
  drawScatter(all, by)
  drawCurves()
  drawMaps()
})

function stylesOf(entries: readonly Omit<Entry, 'style'>[]): StyledBy {
  const usual = defaultStyles(entries)
  const choice = (name: keyof StyledBy) => {
    const paths = stylePaths(entries, name)
    const wish = options[name] === null ? usual[name] : options[name] || null
    const found = paths.find((path) => path === wish) ?? null
    pickers[name].update(
      [{ value: '', text: 'none' }, ...paths.map((path) => ({ value: path, text: path }))],
      found ?? '',
    )
    return found
  }
  return { colour: choice('colour'), shape: choice('shape') }
}

function drawTable(all: readonly Entry[]): void {
  const columns = columnsOf(all, (run) => rows[run])
  const ids = JSON.stringify(columns.map(({ id }) => id))
  if (table?.columns !== ids) table = { columns: ids, table: newTable(columns, all) }
  const ofSelected = shown.filter(isSelected).map(({ key }) => key)
  table.table.fit(all)
  table.table.setRows(shown)
  tableHost.style.setProperty('--tableHeight', `${Math.min(330, Math.max(3, shown.length) * 22 + 2)}px`)
  table.table.selectMany(new Set(ofSelected))
}

function newTable(columns: ReturnType<typeof columnsOf>, all: readonly Entry[]): Table<Entry> {
  const made = createTable<Entry>({
    label: 'Runs',
    columns,
    key: ({ key }) => key,
    tooltip: ({ names, members }) =>
      [names.join(', '), ...members.flatMap((run) => rows[run].message ?? [])].join('\n'),
    onSelect: () => {},
    onSelectMany: (keys) => {
      const ofTable = new Map(shown.map((entry) => [entry.key, entry]))
      selected = new Set([...keys].flatMap((key) => ofTable.get(key)?.members ?? []))
      chosen()
    },
    onOpen: open,
    empty: 'No run matches the filter.',
    onSort: (order) => {
      options.order = order
      keepOptions()
    },
    onResize: (widths) => {
      options.widths = widths
      keepOptions()
    },
  })
  replaceChildren(tableHost, made.element)
  made.fit(all)
  made.setWidths(options.widths)
  made.setOrder(options.order)
  return made
}

function drawScatter(all: readonly Entry[], by: StyledBy): void {
  const available = measuresOf(all)
  const choices = available.map(({ id, title }) => ({ value: id, text: title }))
  const pick = (name: 'x' | 'y', usual: string): Measure | undefined => {
    // Before a run has ended nobody knows its sparsity: what was asked for stands in for it.
    const asked = name === 'x' ? available.find(({ title }) => /sparsity$/.test(title))?.id : undefined
    const wishes = [options[name], usual, asked]
    const found = wishes.flatMap((id) => available.find((measure) => measure.id === id) ?? []).at(0)
    pickers[name].update(choices, found?.id ?? '')
    // What came out goes up: a setting there would say nothing of the runs.
    return found ?? (name === 'x' ? available.at(-1) : available.find(({ better }) => better !== null))
  }
  const [x, y] = [pick('x', 'sparsity'), pick('y', 'perplexity')]
  if (!x || !y) return scatter.update(null)
  const [logX, logY] = [options.logX ?? false, options.logY ?? y.isLog]
  logs.x.set(logX)
  logs.y.set(logY)
  scatter.update({ entries: shown, selected: isSelected, look: { x, y, by }, logX, logY })
}

/** The curve that the runs are most likely to have: a loss where one trains. */
function drawCurves(): void {
  const name = options.curve ?? 'loss'
  pickers.curve.update(curveNames.map((value) => ({ value, text: curveTexts[value].title })), name) // prettier-ignore
  const chosenOnes = shown.filter(isSelected)
  const entries = chosenOnes.length > 0 ? chosenOnes : shown
  const logY = options.curveLogY ?? name !== 'accuracy'
  logs.curveX.set(options.curveLogX)
  logs.curveY.set(logY)
  smootherLabel.hidden = name !== 'loss'
  if (document.activeElement !== smoother) smoother.value = String(smoothing())
  const next: ShownCurves = { entries, name, logX: options.curveLogX, logY, smoothing: smoothing() }
  const groups = entries.map(({ members }) => [...members])
  const question = JSON.stringify([groups, name, smoothing()])
  if (question === watched) return curves.restyle(next)
  watched = question
  curves.reset(next)
  host.post({ type: 'watch', watch: ++watch, curve: name, smoothing: smoothing(), groups })
}

function drawMaps(): void {
  const chosenRuns = shown.filter(isSelected).flatMap(({ members }) => members)
  // A few runs need no choosing.
  const all = shown.flatMap(({ members }) => members)
  const wanted = chosenRuns.length > 0 ? chosenRuns : all.length <= 4 ? all : []
  const begun = wanted.filter((run) => rows[run].isBegun).slice(0, mostMaps)
  const more = wanted.length > mostMaps ? `The first ${mostMaps} of ${wanted.length} runs.` : ''
  const note = wanted.length === 0 ? 'Select runs in the table to see their maps side by side.' : more
  maps.show(
    begun.map((run) => ({ run, label: labelOf({ names: [rows[run].name], settings: rows[run].settings }) })),
    note,
  )
  if (JSON.stringify(begun) === mapped) return
  mapped = JSON.stringify(begun)
  host.post({ type: 'watchMaps', runs: begun })
}

function take(changed: readonly ComparedRow[]): void {
  rows = rows.slice()
  for (const row of changed) if (row.index < rows.length) rows[row.index] = row
  draw()
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      what = null
      return showState(root, message, host)
    case 'subject':
      return host.save({ ...host.load(), subject: message.subject })
    case 'compared':
      what = message.what
      rows = message.rows
      watched = mapped = ''
      if (rows.length === 0) return replaceChildren(root, emptyState('This sweep has no runs.'))
      if (!head.element.isConnected) replaceChildren(root, ...page)
      filter.set(options.filter)
      return draw()
    case 'rows':
      return take(message.rows)
    case 'curves':
      if (message.watch === watch) curves.add(message.parts, message.isWhole)
      return
    case 'maps':
      return maps.take(message.maps)
    case 'settings':
      palette = message.settings.palette
      settingSmoothing = message.settings.smoothing
      trusted = message.settings.trusted
      maps.redraw()
      return draw()
  }
})
onThemeChange(() => {
  draw()
  curves.redraw()
  maps.redraw()
})
