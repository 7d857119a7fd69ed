// The page of several runs: all of the workspace, a sweep's, live while it runs, or those that a person chose to compare.
import '../shared/base.css'
import '../shared/chart.css'
import './sweep.css'
import type { FromSweep, ToSweep } from '../../src/shared/protocol/sweepView.ts'
import { Button } from '../shared/button.tsx'
import { FilterField } from '../shared/filterField.tsx'
import { openPage } from '../shared/page.tsx'
import { Empty } from '../shared/state.tsx'
import { Table } from '../shared/table.tsx'
import { CurvesCard } from './curves.tsx'
import { DifferenceCard } from './difference.tsx'
import { hasSeeds, type Entry } from './entries.ts'
import { Head } from './head.tsx'
import { host } from './host.ts'
import { MapsCard } from './maps.tsx'
import { ScatterCard } from './scatter.tsx'
import {
  brush,
  choose,
  columns,
  entries,
  filter,
  inSight,
  isGrouped,
  lines,
  models,
  open,
  options,
  receive,
  rows,
  selected,
  table,
  what,
} from './store.ts'

const nothing = {
  sweep: 'This sweep has no runs.',
  comparison: 'None of these runs is there any more.',
  experiments: 'No run in this workspace yet. Prune a model: right-click it in the Explorer.',
}

function SweepPage() {
  if (rows.value.length === 0) return <Empty message={nothing[what.value?.kind ?? 'comparison']} />
  return (
    <>
      <Head />
      <div class="tiled sweepCharts">
        <ScatterCard />
        <CurvesCard />
      </div>
      <Tools />
      <RunTable />
      <DifferenceCard />
      <MapsCard />
    </>
  )
}

function Tools() {
  const { fold } = options.value
  return (
    <div class="row sweepTools">
      <FilterField
        label="Filter runs by name, setting, tag or state"
        filter={filter}
        shown={inSight.value.length}
        of={entries.value.length}
      />
      {hasSeeds(rows.value) && (
        <Button
          look="toggle"
          title="Runs that differ only by their seed are one: median and range"
          pressed={fold}
          act={() => choose({ fold: !fold })}
        >
          fold seeds
        </Button>
      )}
      {models.value.length > 1 && (
        <Button
          look="toggle"
          title="Runs stand below their model"
          pressed={isGrouped.value}
          act={() => choose({ group: !isGrouped.value })}
        >
          by model
        </Button>
      )}
      {brush.value && <Button act={() => choose({ brush: null })}>Clear rectangle</Button>}
      {selected.value.size > 0 && <Button act={() => (selected.value = new Set())}>Clear selection</Button>}
      <span class="muted">Two selected rows are set against each other below.</span>
    </div>
  )
}

function RunTable() {
  return (
    <div onKeyDown={editNotes}>
      <Table
        label="Runs"
        columns={columns.value}
        rows={lines.value}
        all={entries.value}
        keyOf={({ key }) => key}
        state={table}
        several
        onOpen={open}
        tooltip={tooltipOf}
        empty="No run matches the filter."
      />
    </div>
  )
}

function tooltipOf({ label, names, runs }: Entry): string {
  const messages = runs.flatMap(({ message }) => message ?? [])
  return [label, ...names.filter((name) => name !== label), ...messages].join('\n')
}

/** F2 writes tags of the row that the keyboard is on, with Shift its note. */
function editNotes(event: KeyboardEvent): void {
  if (event.key !== 'F2') return
  const note = event.shiftKey ? 'note' : 'tags'
  ;(event.currentTarget as Element).querySelector<HTMLElement>(`.tableRow.current [data-note=${note}]`)?.click()
}

window.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.defaultPrevented && brush.value) choose({ brush: null })
})

openPage<ToSweep, FromSweep>(host, { receive, opens: ['compared'], Page: SweepPage })
