// State of the page of several runs: the runs from the host, the view options, and what follows from both.
import { batch, computed, effect, signal, untracked } from '@preact/signals'
import type { ComparedRow, ComparedWhat, FromSweep, SentRow, ToSweep } from '../../src/protocol/sweepView.ts'
import { defaultStyles, type StyledBy, stylePaths } from '../../src/charts/runStyles.ts'
import { settingWord } from '../../src/recipe/sweep/settings.ts'
import { measuresOf } from '../../src/runs/compared/measures.ts'
import { fromSent } from '../../src/runs/compared/sweepTable.ts'
import { onceAFrame } from '../shared/canvas.ts'
import { type Filter, keptBy } from '../shared/filterField.tsx'
import { grouped, inOrder, type Line, tableState, type TableState } from '../shared/tableState.ts'
import type { PageMessage } from '../shared/page.tsx'
import { chooseAxes, type Kept, type Options, storedOptions } from './options.ts'
import { entriesOf, type Entry, styled, wordsOf } from './entries.ts'
import { columnsOf } from './runColumns.tsx'
import { connectHost } from '../shared/host.ts'
import type { CurveName } from '../../src/runs/series/curves.ts'
import { type CurveData, curveIn, emptyCurve } from './curveData.ts'

export const host = connectHost<ToSweep, FromSweep>()

export interface Curves {
  /** One curve per group of the question. */
  readonly data: readonly CurveData[]
  readonly isWhole: boolean
}

export interface Question {
  readonly curve: CurveName
  readonly smoothing: number
  readonly groups: readonly (readonly number[])[]
}

/** The curves of the latest question. */
export const curves = signal<Curves>({ data: [], isWhole: true })
let watch = 0
let parts: Extract<ToSweep, { type: 'curves' }>[] = []

export function ask({ curve, smoothing, groups }: Question): void {
  parts = []
  curves.value = { data: groups.map(emptyCurve), isWhole: groups.length === 0 }
  host.post({ type: 'watch', watch: ++watch, curve, smoothing, groups: groups.map((runs) => [...runs]) })
}

const add = onceAFrame(() => {
  const { isWhole } = curves.value
  const data = [...curves.value.data]
  for (const part of parts.flatMap((message) => message.parts))
    if (part.group < data.length) data[part.group] = curveIn(part)
  curves.value = { data, isWhole: isWhole || parts.some((message) => message.isWhole) }
  parts = []
})

/** Answers to an older question are ignored. */
export function takeCurves(message: Extract<ToSweep, { type: 'curves' }>): void {
  if (message.watch !== watch) return
  parts.push(message)
  add()
}

const kept = host.load() as Kept

export const what = signal<ComparedWhat | null>(null)
/** How often the host has sent all runs. Each time, the indices of runs may change. */
export const rowsAnew = signal(0)
export const rows = signal<readonly ComparedRow[]>([])
export const options = signal<Options>(storedOptions(kept))
/** Changes options by the user's choice. */
export const choose = (change: Partial<Options>) => void (options.value = { ...options.value, ...change })
export const filter = signal<Filter>(options.value.filter)

const bare = computed(() => entriesOf(rows.value, options.value.fold))
/** The settings that colours and shapes show: the chosen ones, where the runs differ in them. */
export const styledBy = computed((): StyledBy => {
  const usual = defaultStyles(bare.value)
  const found = (name: keyof StyledBy) => {
    const wish = options.value[name] === null ? usual[name] : options.value[name]
    return stylePaths(bare.value, name).find((path) => path === wish) ?? null
  }
  return { colour: found('colour'), shape: found('shape') }
})
/** Settings that colours or shapes can show, by their last word where it is unique. */
export function stylesOf(name: keyof StyledBy): { value: string; text: string }[] {
  const paths = stylePaths(bare.value, name)
  const isOnly = (path: string) => paths.filter((other) => settingWord(other) === settingWord(path)).length === 1
  return paths.map((path) => ({ value: path, text: isOnly(path) ? settingWord(path) : path }))
}
export const entries = computed(() => styled(bare.value, styledBy.value))

export const available = computed(() => measuresOf(entries.value))
export const axes = computed(() => chooseAxes(available.value, options.value))
/** Entries that match the filter; all while an expression is invalid. */
export const inSight = computed(() => keptBy(filter.value, entries.value, wordsOf))

/** Keys of runs, not of entries, so that runs stay selected when their seeds are folded. */
export const selected = signal<ReadonlySet<string>>(new Set(kept.selected ?? []))
export const isSelected = ({ runs }: Pick<Entry, 'runs'>) => runs.some(({ key }) => selected.value.has(key))
const chosenKeys = computed(() => new Set(entries.value.filter(isSelected).map(({ key }) => key)))
export const table: TableState = {
  ...tableState(kept.table),
  chosen: {
    get value() {
      return chosenKeys.value
    },
    set value(keys) {
      const chosen = entries.value.filter(({ key }) => keys.has(key))
      selected.value = new Set(chosen.flatMap(({ runs }) => runs.map(({ key }) => key)))
    },
  },
}
export function toggle({ runs }: Entry): void {
  const [next, off] = [new Set(selected.value), isSelected({ runs })]
  for (const { key } of runs)
    if (off) next.delete(key)
    else next.add(key)
  selected.value = next
}

/** Opens the first run of the entry that has a folder. */
export function open({ runs }: Pick<Entry, 'runs'>): void {
  const run = runs.find(({ isBegun }) => isBegun)
  if (run) host.post({ type: 'openRun', run: run.key })
}

/** Data of VS Code's own menu on a row: its run, and all selected runs if the row is selected. Empty if no run of the row has a folder. */
export function menuContext(entry: Entry): Record<string, unknown> {
  const foldersOf = ({ runs }: Entry) => runs.flatMap(({ isBegun, key }) => (isBegun ? [key] : []))
  const meant = isSelected(entry) ? chosen.value : [entry]
  const [folder] = foldersOf(entry)
  if (folder === undefined) return {}
  const webviewSection = entry.states.includes('done') ? 'run.done' : 'run.begun'
  return { webviewSection, folder, folders: meant.flatMap(foldersOf), preventDefaultContextMenuItems: true }
}

export const models = computed(() => [...new Set(entries.value.map(({ facts }) => facts.model))])
export const isGrouped = computed(
  () => options.value.group ?? (what.value?.kind === 'experiments' && models.value.length > 1),
)

export const columns = computed(() => columnsOf(entries.value, what.value?.kind ?? 'sweep', isGrouped.value))
/** In the table's order, without headings. */
export const ordered = computed(() => inOrder(inSight.value, columns.value, table))
export const lines = computed((): readonly Line<Entry>[] =>
  isGrouped.value ? grouped(ordered.value, models.value.toSorted(), ({ facts }) => facts.model) : ordered.value,
)
/** The selected entries among the shown ones. */
export const chosen = computed(() => ordered.value.filter(isSelected))

/** Exports the selected entries, else all shown ones. */
export function exportTable(): void {
  const shown = chosen.value.length > 0 ? chosen.value : ordered.value
  host.post({ type: 'exportTable', runs: shown.flatMap(({ runs }) => runs.map(({ index }) => index)) })
}

/** Asks again only when the question changes, or when the host has sent all runs again, which changes their indices. */
export function whenever<Q>(question: () => Q | null, ask: (question: Q) => void): void {
  const text = computed(() => JSON.stringify([rowsAnew.value, question()]))
  effect(() => {
    const [anew, asked] = JSON.parse(text.value) as [number, Q | null]
    if (anew > 0 && asked !== null) untracked(() => ask(asked))
  })
}

/** Default order of the experiments. */
const latestFirst = { column: 'begun', descending: true }
const changed = new Map<number, ComparedRow>()
/** The host sends a few rows at a time, thirty times a second. */
const takeRows = onceAFrame(() => {
  rows.value = rows.value.map((row, i) => changed.get(i) ?? row)
  changed.clear()
})

const received = (row: SentRow): ComparedRow => ({ ...row, results: fromSent(row.results) })

export function receive(message: PageMessage<ToSweep>): void {
  switch (message.type) {
    case 'subject':
      return host.save({ ...host.load(), subject: message.subject })
    case 'compared':
      changed.clear()
      return batch(() => {
        what.value = message.what
        if (message.what.kind === 'experiments' && !kept.table && rowsAnew.value === 0)
          table.kept.value = { ...table.kept.value, order: latestFirst }
        rows.value = message.rows.map(received)
        rowsAnew.value++
      })
    case 'rows':
      for (const row of message.rows) changed.set(row.index, received(row))
      return takeRows()
    case 'curves':
      return takeCurves(message)
    case 'exportNow':
      return exportTable()
  }
}

effect(() => {
  const keptNow = { options: { ...options.value, filter: filter.value }, table: table.kept.value }
  host.save({ ...host.load(), ...keptNow, selected: [...selected.value] })
})
