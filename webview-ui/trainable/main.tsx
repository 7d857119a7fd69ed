// What a recipe would train: totals, the share of each module, and every parameter.
import { likelyDuration } from '../../src/shared/plan/pace.ts'
import { plural } from '../../src/shared/format/plural.ts'
import '../shared/base.css'
import '../shared/chart.css'
import './trainable.css'
import type { PlanSummary, RecoverySummary } from '../../src/shared/plan/planSummary.ts'
import type { FromTrainable, ToTrainable } from '../../src/shared/protocol/view.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCompact, formatCount, formatTrained } from '../../src/shared/format/numbers.ts'
import { FigureHead } from '../shared/figureHead.tsx'
import { FilterField } from '../shared/filterField.tsx'
import { Grid } from '../shared/grid.tsx'
import { gridFigure } from '../shared/gridSvg.ts'
import { connectHost } from '../shared/host.ts'
import type { LegendWords } from '../shared/legend.ts'
import { openPage } from '../shared/page.tsx'
import { ScaleLegend } from '../shared/scaleLegend.tsx'
import { Table } from '../shared/table.tsx'
import { tensorMenu } from '../shared/tensorMenu.ts'
import { describeShare, lettersOf } from './shares.ts'
import { colour, columns, filter, grid, plan, receive, rows, shares, shown, table } from './store.ts'

const host = connectHost<ToTrainable, FromTrainable>()
const words: LegendWords = {
  title: 'Trained numbers per weight',
  low: 'none',
  high: 'most in this recipe',
  notComputed: null,
}

function TrainablePage() {
  const known = plan.value
  if (!known) return null
  const problems = [...known.errors, ...known.warnings]
  return (
    <div class="trainable">
      <Head plan={known} />
      {problems.length > 0 && (
        <ul class="warnings">
          {problems.map((problem) => (
            <li>{problem}</li>
          ))}
        </ul>
      )}
      <ul class="tiles" aria-label="Totals">
        {tiles(known).map(([value, name]) => (
          <li>
            <b>{value}</b>
            <span class="muted">{name}</span>
          </li>
        ))}
      </ul>
      <Map plan={known} />
      <section aria-label="Table of parameters">
        <FilterField
          label="Filter parameters by name"
          filter={filter}
          shown={rows.value.length}
          of={known.rows.length}
        />
        <Table
          label="Parameters"
          columns={columns}
          rows={shown.value}
          all={known.rows}
          keyOf={(row) => row.name}
          state={table}
          menuContext={(row) => tensorMenu(row.name)}
          empty="No parameter has such a name."
        />
      </section>
    </div>
  )
}

function Head({ plan: { recipe, model, recoveries, errors } }: { plan: PlanSummary }) {
  const what = recoveries.length > 0 ? recoveries.map(recoveryText).join(' → ') : 'prunes only, trains nothing'
  return (
    <div class="head">
      <div>
        <h1>What {recipe} would train</h1>
        <p class="muted">
          {model} · {what}
        </p>
      </div>
      <div class="row">
        <button type="button" class="secondary" onClick={saveCsv}>
          Table as CSV
        </button>
        <button type="button" class="secondary" onClick={() => host.post({ type: 'openRecipe' })}>
          Open recipe
        </button>
        <button type="button" disabled={errors.length > 0} onClick={() => host.post({ type: 'run' })}>
          Run
        </button>
      </div>
    </div>
  )
}

function Map({ plan: { recipe, model } }: { plan: PlanSummary }) {
  const letters = lettersOf(shares.value)
  const figure = () =>
    gridFigure(grid.value, {
      title: `What ${recipe} would train`,
      legend: words,
      caption: `${model} · ${letters}`,
    })
  return (
    <section class="card">
      <FigureHead title="By block and module" name="trainable" figure={figure} save={host.post} />
      <Grid
        label="Trained share by block and module"
        data={grid.value}
        describe={(row, column) => describeShare(shares.value, row, column)}
        onSelect={filterCell}
      />
      <ScaleLegend words={words} colour={colour} />
      <p class="muted">{letters}</p>
    </section>
  )
}

/** Leaves the parameters of one cell in the table. */
function filterCell(row: number, column: number): void {
  const { blocks, modules } = shares.value
  filter.value = { text: `.${blocks[row]}. ${modules[column]}`, regex: false }
}

function tiles(p: PlanSummary): [string, string][] {
  const { estimates } = p
  const shown: [string, string][] = [
    [formatTrained(p.percentage), `trained: ${formatCount(p.trainable)} of ${formatCompact(p.parameters)}`],
    [formatCount(p.prunedModules), 'matrices to prune'],
    [formatBytes(estimates.memoryBytes), 'memory, estimated'],
    [formatBytes(estimates.diskBytes), 'disk, estimated'],
  ]
  const { seconds, pace } = estimates
  if (seconds !== null) shown.push([likelyDuration(seconds, pace), pace.runs > 0 ? `time, as ${plural(pace.runs, 'run')} here took` : 'time, estimated']) // prettier-ignore
  return shown
}

/** Each of several recoveries shows its share, since the rows below show what any of them trains. */
function recoveryText({ mode, train, percentage, place }: RecoverySummary): string {
  const several = place !== 'recover' && train.length > 0
  return `${mode}: train ${train.join(', ') || 'nothing'}${several ? ` (${formatTrained(percentage)})` : ''}`
}

function saveCsv(): void {
  const lines = shown.value.map((r) => [
    ...[r.name, r.role, r.by ?? 'frozen', r.pruned ? 'yes' : 'no'],
    ...[r.parameters, r.trainable],
  ])
  const content = toCsv(['name', 'role', 'trained_by', 'pruned', 'parameters', 'trainable'], lines)
  host.post({ type: 'export', name: 'trainable.csv', content, encoding: 'utf8' })
}

openPage(host, { receive, opens: ['plan'], Page: TrainablePage })
