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
  // Without a scheduler, waiting runs need Continue when none is running.
  const isLive = has('running') || (isSubmitted && has('waiting'))
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
          {mayRun && isLive && (
            <Button act={act('cancel')} title="Stop the runs of this sweep; they can be continued later">
              Cancel
            </Button>
          )}
          {mayRun && !isLive && has('failed', 'cancelled', 'waiting') && (
            <Button act={act('goOn')} title="Run the remaining runs">
              Continue
            </Button>
          )}
          {mayRun && (
            <Button act={act('report')} title="Table, picture and curves as one HTML page">
              Report
            </Button>
          )}
          {isSweep && (
            <Button act={act('recipe')} title="The recipe of this sweep">
              Recipe
            </Button>
          )}
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

const act = (what: Extract<FromSweep, { type: 'act' }>['what']) => () => host.post({ type: 'act', what })

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
  experiments: 'No run in this workspace yet. Prune a model: right-click it in the Explorer.',
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
  return (
    <div class="row sweepTools">
      <FilterField
        label="Filter runs by name, setting or state"
        filter={filter}
        shown={inSight.value.length}
        of={entries.value.length}
      />
      {hasSeeds(rows.value) && (
        <Button
          look="toggle"
          title="Combine runs that differ only by their seed: median and range"
          pressed={fold}
          act={() => choose({ fold: !fold })}
        >
          fold seeds
        </Button>
      )}
      {models.value.length > 1 && (
        <Button
          look="toggle"
          title="Group runs by model"
          pressed={isGrouped.value}
          act={() => choose({ group: !isGrouped.value })}
        >
          by model
        </Button>
      )}
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
