// What a recipe would train: totals, the share of each module, and every parameter.
import '../shared/base.css'
import '../shared/chart.css'
import type { PlanSummary, RecoverySummary } from '../../src/plan/planSummary.ts'
import type { FromTrainable, ToTrainable } from '../../src/protocol/view.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatTrained } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { connectHost, saveText } from '../shared/host.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { NamedTable } from '../shared/namedTable.tsx'
import { openPage } from '../shared/page.tsx'
import { Select, Tiles, Warnings } from '../shared/parts.tsx'
import { planTiles } from '../shared/planTiles.ts'
import { describeShare, lettersOf } from './shares.ts'
import { stageOptions, stageText } from './stages.ts'
import { chooseStage, grid, parameters, receive, shares, shown, stage } from './store.ts'

const host = connectHost<ToTrainable, FromTrainable>()

function TrainablePage() {
  const known = shown.value
  if (!known) return null
  return (
    <div class="stack">
      <Head plan={known} />
      {known.errors.map((message) => (
        <p class="problem" role="alert">
          {message}
        </p>
      ))}
      <Warnings of={known.warnings} />
      <Tiles label="Totals" tiles={planTiles(known)} />
      <StageChoice plan={known} />
      <Map plan={known} />
      <NamedTable of={parameters} what="parameters" label="Parameters" empty="No parameter has such a name." />
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
        <Button act={saveCsv}>Table as CSV</Button>
        <Button act={() => host.post({ type: 'openRecipe' })}>Open recipe</Button>
        <Button primary act={() => host.post({ type: 'run' })} disabled={errors.length > 0}>
          Run
        </Button>
      </div>
    </div>
  )
}

function StageChoice({ plan: known }: { plan: PlanSummary }) {
  const text = stageText(known, stage.value)
  if (text === null) return null
  return (
    <div class="row">
      <Select
        label="Stage shown"
        before="Stage"
        options={stageOptions(known.recoveries)}
        value={stage.value}
        onChoose={chooseStage}
      />
      <p class="muted" role="status">
        {text}
      </p>
    </div>
  )
}

function Map({ plan: known }: { plan: PlanSummary }) {
  const { recipe, model } = known
  const letters = lettersOf(shares.value)
  const caption = [model, stageText(known, stage.value), letters].filter(Boolean).join(' · ')
  return (
    <section class="card">
      <MapFigure
        title="By block and module"
        name="trainable"
        label="Trained share by block and module"
        fileTitle={`What ${recipe} would train`}
        caption={caption}
        data={grid.value}
        words={{ title: 'Trained numbers per weight', low: 'none', high: 'most shown' }}
        describe={(row, column) => describeShare(shares.value, row, column)}
        onSelect={filterCell}
      />
      <p class="muted">{letters}</p>
    </section>
  )
}

/** Leaves the parameters of one cell in the table. */
function filterCell(row: number, column: number): void {
  const { blocks, modules } = shares.value
  parameters.filter.value = { text: `.${blocks[row]}. ${modules[column]}`, regex: false }
}

/** Each of several recoveries shows its share, since the rows below show what any of them trains. */
function recoveryText({ mode, train, percentage, place }: RecoverySummary): string {
  const several = place !== 'recover' && train.length > 0
  return `${mode}: train ${train.join(', ') || 'nothing'}${several ? ` (${formatTrained(percentage)})` : ''}`
}

function saveCsv(): void {
  const lines = parameters.rows.value.map((r) => [
    ...[r.name, r.role, r.by ?? 'frozen', r.pruned ? 'yes' : 'no'],
    ...[r.parameters, r.trainable],
  ])
  saveText('trainable.csv', toCsv(['name', 'role', 'trained_by', 'pruned', 'parameters', 'trainable'], lines))
}

openPage(host, { receive, opens: ['plan'], Page: TrainablePage })
