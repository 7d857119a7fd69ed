// The page of several runs: all of the workspace, those of a sweep, live while it runs, or a chosen set.
import '../shared/base.css'
import '../shared/chart.css'
import './sweep.css'
import type { ComparedRow, FromSweep, ToSweep } from '../../src/protocol/sweepView.ts'
import { Button } from '../shared/button.tsx'
import { FilterField } from '../shared/filterField.tsx'
import { openPage } from '../shared/page.tsx'
import { Table } from '../shared/table.tsx'
import { CurvesCard } from './curves.tsx'
import { type Entry, hasSeeds } from './entries.ts'
import {
  choose,
  columns,
  entries,
  exportTable,
  filter,
  host,
  inSight,
  isGrouped,
  lines,
  menuContext,
  models,
  open,
  options,
  receive,
  rows,
  selected,
  table,
  what,
} from './store.ts'
import { ScatterCard } from './scatter.tsx'
import { countsText } from '../../src/runs/compared/comparisonTable.ts'
import { Warnings } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'

/** More failures would push the table out of sight. */
const mostProblems = 5

/** The title, progress, failures and actions of the compared runs. */
function Head() {
  const { kind = 'comparison', title = '', about = '', isSubmitted = false } = what.value ?? {}
  const states = rows.value.map(({ state }) => state)
  const has = (...some: ComparedRow['state'][]) => states.some((state) => some.includes(state))
  const isSweep = kind === 'sweep'
  // Without a scheduler, nothing starts waiting runs once none is running, so the page offers Continue.
  const isLive = has('running') || (isSubmitted && has('waiting'))
  const isOpen = has('failed', 'cancelled', 'waiting')
  const mayRun = isSweep && settings.value.trusted
  const shares = rows.value.map(({ state, progress }) => (state === 'done' ? 1 : (progress?.share ?? 0)))
  return (
    <header>
      <div class="head">
        <div>
          <h1>{title}</h1>
          <p class="muted">{about}</p>
        </div>
        <div class="row">
          {mayRun && isLive && action('cancel', 'Cancel', 'Stop the runs of this sweep; they can be continued later')}
          {mayRun && !isLive && isOpen && action('goOn', 'Continue', 'Run the remaining runs')}
          {mayRun && action('report', 'Report', 'Table, picture and curves as one HTML page')}
          {isSweep && action('recipe', 'Recipe', 'The recipe of this sweep')}
          <Button act={exportTable} title="Save the selected rows, or all shown rows, as LaTeX, Markdown or CSV">
            Export Table…
          </Button>
        </div>
      </div>
      <div class="row sweepState">
        {has('running') && (
          <progress
            max={1}
            value={shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)}
            aria-label="Runs that are done"
          />
        )}
        <span class="counts" role="status">
          {countsText(states)}
        </span>
      </div>
      <Problems failed={rows.value.filter(({ state }) => state === 'failed')} />
    </header>
  )
}

const action = (what: Extract<FromSweep, { type: 'act' }>['what'], text: string, title: string) => (
  <Button act={() => host.post({ type: 'act', what })} title={title}>
    {text}
  </Button>
)

function Problems({ failed }: { failed: readonly ComparedRow[] }) {
  const shown = failed.slice(0, mostProblems).map(({ key, label, message, isBegun }) => (
    <>
      {`${label}: ${message ?? 'failed'} `}
      {isBegun && (
        <Button look="secondary small" act={() => host.post({ type: 'openRun', run: key })}>
          Open
        </Button>
      )}
    </>
  ))
  const more = failed.length - mostProblems
  return (
    <Warnings
      label="Runs that failed"
      of={more > 0 ? [...shown, `and ${more} more: sort the table by state`] : shown}
    />
  )
}

const nothing = {
  sweep: 'This sweep has no runs.',
  comparison: 'These runs no longer exist.',
  experiments: 'There are no runs in this workspace yet. To prune a model, right-click it in the Explorer.',
}

function SweepPage() {
  if (rows.value.length === 0) return <p class="state">{nothing[what.value?.kind ?? 'comparison']}</p>
  return (
    <>
      <Head />
      <div class="tiled sweepCharts">
        <ScatterCard />
        <CurvesCard />
      </div>
      <Tools />
      <RunTable />
    </>
  )
}

function Tools() {
  const { fold } = options.value
  const toggle = (text: string, title: string, pressed: boolean, to: Parameters<typeof choose>[0]) => (
    <Button look="toggle" {...{ title, pressed }} act={() => choose(to)}>
      {text}
    </Button>
  )
  return (
    <div class="row sweepTools">
      <FilterField
        label="Filter runs by name, setting or state"
        filter={filter}
        shown={inSight.value.length}
        of={entries.value.length}
      />
      {hasSeeds(rows.value) &&
        toggle('fold seeds', 'Combine runs that differ only by their seed: median and range', fold, { fold: !fold })}
      {models.value.length > 1 &&
        toggle('by model', 'Group runs by model', isGrouped.value, { group: !isGrouped.value })}
      {selected.value.size > 0 && <Button act={() => (selected.value = new Set())}>Clear selection</Button>}
    </div>
  )
}

function RunTable() {
  return (
    <Table
      label="Runs"
      columns={columns.value}
      rows={lines.value}
      all={entries.value}
      keyOf={({ key }) => key}
      state={table}
      several
      onOpen={open}
      menuContext={menuContext}
      tooltip={tooltipOf}
      empty="No run matches the filter."
    />
  )
}

function tooltipOf({ label, names, runs }: Entry): string {
  const messages = runs.flatMap(({ message }) => message ?? [])
  return [label, ...names.filter((name) => name !== label), ...messages].join('\n')
}

openPage<ToSweep, FromSweep>(host, { receive, opens: ['compared'], Page: SweepPage })
