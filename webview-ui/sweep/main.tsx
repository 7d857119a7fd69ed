// The page of several runs: all of the workspace, a sweep's, live while it runs, or those that a person chose to compare.
import '../shared/base.css'
import '../shared/chart.css'
import './sweep.css'
import type { FromSweep, ToSweep } from '../../src/protocol/sweepView.ts'
import { Button } from '../shared/button.tsx'
import { FilterField } from '../shared/filterField.tsx'
import { openPage } from '../shared/page.tsx'
import { Empty } from '../shared/state.tsx'
import { Table } from '../shared/table.tsx'
import { CurvesCard } from './curves.tsx'
import { hasSeeds, type Entry } from './entries.ts'
import { Head } from './head.tsx'
import { host } from './host.ts'
import { ScatterCard } from './scatter.tsx'
import {
  choose,
  columns,
  entries,
  filter,
  inSight,
  isGrouped,
  lines,
  models,
  menuContext,
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
