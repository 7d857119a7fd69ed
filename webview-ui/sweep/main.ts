// The view of several runs: a sweep's, live while it runs, or those that a person chose to compare.
import '../shared/base.css'
import '../shared/chart.css'
import './sweep.css'
import type { ComparedRow, ComparedWhat, FromSweep, ToSweep } from '../../src/shared/protocol/sweepView.ts'
import { comparisonCsv } from '../../src/shared/sweep/comparisonCsv.ts'
import { comparisonMarkdown, comparisonTable } from '../../src/shared/sweep/comparisonTable.ts'
import { measuresOf } from '../../src/shared/sweep/measures.ts'
import type { StyledBy } from '../../src/shared/chart/runStyles.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { connectHost } from '../shared/host.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { emptyState, showState } from '../shared/states.ts'
import { onThemeChange } from '../shared/theme.ts'
import { chooseAxes } from './axes.ts'
import { createSwitch } from './choice.ts'
import { createCurveControls, createPictureControls } from './controls.ts'
import { createCurves, type ShownCurves } from './curves.ts'
import { entriesOf, hasSeeds, labelOf, styled, wordsOf, type Entry } from './entries.ts'
import { createHead } from './head.ts'
import { createMaps, mostMaps } from './maps.ts'
import { storedOptions } from './options.ts'
import { createScatter } from './scatter.ts'
import { createTableHost } from './tableHost.ts'

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

const head = createHead({
  act: (act) => host.post({ type: 'act', what: act }),
  open: ({ index }) => host.post({ type: 'openRun', run: index }),
  csv: () => save('runs.csv', comparisonCsv(shown.flatMap(({ members }) => members.map((run) => rows[run])))),
  markdown: () => save('runs.md', comparisonMarkdown(comparisonTable(table.rows()))),
})
const open = (entry: Entry) => {
  // The first of several seeds that has a folder is opened.
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
const pictureControls = createPictureControls(options, chosen)
const curveControls = createCurveControls(options, chosen)
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
const table = createTableHost(options, {
  rowOf: (run) => rows[run],
  open,
  select: (entries) => {
    selected = new Set(entries.flatMap(({ members }) => members))
    chosen()
  },
  arranged: keepOptions,
})
const curvesHead = h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, 'Curves'), h('span', { class: 'chartTools' }, ...curves.tools)) // prettier-ignore
const charts = h(
  'div',
  { class: 'sweepCharts' },
  h('section', { class: 'card' }, scatter.head, pictureControls.element, scatter.element),
  h('section', { class: 'card' }, curvesHead, curveControls.element, curves.element),
)
const tools = h('div', { class: 'row sweepTools' }, filter.element, fold.element, none)
const page = [head.element, charts, tools, table.element, maps.element]
const root = document.body.appendChild(h('main'))

function save(name: string, content: string): void {
  host.post({ type: 'export', name, content, encoding: 'utf8' })
}

const draw = onceAFrame(() => {
  if (!what || rows.length === 0) return
  const bare = entriesOf(rows, options.fold)
  const by = pictureControls.showStyles(bare)
  const all = styled(bare, by)
  shown = all.filter((entry) => keep(wordsOf(entry)))
  head.update(what, rows, trusted)
  fold.element.hidden = !hasSeeds(rows)
  fold.set(options.fold)
  filter.count(shown.length, all.length)
  none.hidden = selected.size === 0
  table.update(all, shown, isSelected)
  drawScatter(all, by)
  drawCurves()
  drawMaps()
})

function drawScatter(all: readonly Entry[], by: StyledBy): void {
  const available = measuresOf(all)
  const axes = chooseAxes(available, options)
  const isLog = pictureControls.showAxes(available, axes)
  scatter.update(axes && { entries: shown, selected: isSelected, look: { ...axes, by }, ...isLog })
}

function drawCurves(): void {
  const { name, smoothing, ...isLog } = curveControls.show(settingSmoothing)
  const chosenOnes = shown.filter(isSelected)
  const entries = chosenOnes.length > 0 ? chosenOnes : shown
  const next: ShownCurves = { entries, name, smoothing, ...isLog }
  const groups = entries.map(({ members }) => [...members])
  const question = JSON.stringify([groups, name, smoothing])
  if (question === watched) return curves.restyle(next)
  watched = question
  curves.reset(next)
  host.post({ type: 'watch', watch: ++watch, curve: name, smoothing, groups })
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
