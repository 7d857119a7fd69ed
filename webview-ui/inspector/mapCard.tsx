// The map of blocks and modules: what it is coloured by, and the plan of the recipe beside, which its bars change.
import { Button } from '../shared/button.tsx'
import { Grid } from '../shared/grid.tsx'
import { LegendLine, legendOf } from '../shared/legend.tsx'
import { Select } from '../shared/parts.tsx'
import { Empty } from '../shared/state.tsx'
import { tensorMenu } from '../shared/tensorMenu.ts'
import { describeCell } from './cells.ts'
import { chosenMeasure, comparedWith, cost, heat, measure, measures } from './colouring.ts'
import { host } from './host.ts'
import { MarkedRow } from './markedRow.tsx'
import { Analyse, MeasureHere } from './measureHere.tsx'
import { columnBarsHeight, ColumnBars, RowBars, rowBarsWidth } from './planBars.tsx'
import { BeginPlan, PlanStrip } from './planStrip.tsx'
import { against, chosenSurface, plan, surface, type Surface } from './planStore.ts'
import { known, map, mark, model, select, tensorAt } from './store.ts'

export function MapCard() {
  const { blocks } = map.value
  if (blocks.length === 0)
    return <Empty message="No matrices of transformer blocks were recognised; the table lists every tensor." />
  const now = plan.value
  const computes = !model.value?.lookOnly
  const isPlanned = now !== null && now.problem === null
  return (
    <section class="card" aria-label="Map">
      <div class="head">
        <h2>{measure.value.title} by block and module</h2>
        {isPlanned && (
          <div class="row">
            <Button act={() => host.post({ type: 'planBegin' })} title="Shows the recipe beside the map">
              {now.recipe}
            </Button>
            <Surfaces />
          </div>
        )}
      </div>
      {isPlanned ? <PlanStrip plan={now} /> : computes && <BeginPlan problem={now?.problem ?? null} />}
      <div class="row colourBy">
        {surface.value === 'cost' && <ColourBy />}
        {surface.value === 'difference' && <AgainstChoice />}
        {computes && <Analyse />}
      </div>
      <Grid
        label="Map of blocks and modules"
        data={heat.value}
        describe={(row, column) => describeCell(map.value, measure.value, known.value, row, column)}
        onSelect={(row, column) => {
          const tensor = tensorAt(row, column)
          if (tensor) select(tensor, 'map')
        }}
        mark={mark}
        ranges
        menuContext={(row, column) => tensorMenu(tensorAt(row, column)?.name)}
        aside={isPlanned ? rowBarsWidth : 0}
        asideBelow={isPlanned ? columnBarsHeight : 0}
        beside={isPlanned ? (layout) => [<RowBars layout={layout} />, <ColumnBars layout={layout} />] : undefined}
      />
      <LegendLine legend={legendOf(heat.value.words, heat.value)} />
      {measure.value.caution && <p class="muted">{measure.value.caution}</p>}
      <MeasureHere />
      <MarkedRow />
    </section>
  )
}

const surfaces: readonly [Surface, string, string][] = [
  ['cost', 'Cost', 'What is measured of the matrices, such as what pruning each would lose'],
  ['planned', 'Planned', 'The sparsity that the recipe plans for each matrix'],
  ['difference', 'Difference', 'Planned sparsity less what the checkpoint has now, or less one sparsity for all'],
]

function Surfaces() {
  return (
    <div class="segments" role="radiogroup" aria-label="The map shows">
      {surfaces.map(([id, title, hint]) => (
        <label title={hint}>
          <input
            type="radio"
            class="srOnly"
            name="surface"
            checked={surface.value === id}
            onChange={() => (chosenSurface.value = id)}
          />
          <span>{title}</span>
        </label>
      ))}
    </div>
  )
}

function ColourBy() {
  const all = measures.value
  const groups = [...new Set(all.map(({ group }) => group))]
  return (
    <label>
      {'Colour by '}
      <select
        aria-label="Colour by"
        value={cost.value.id}
        onChange={(event) => (chosenMeasure.value = event.currentTarget.value)}
      >
        {groups.map((group) => (
          <optgroup label={group}>
            {all
              .filter((one) => one.group === group)
              .map(({ id, title }) => (
                <option value={id}>{title}</option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  )
}

function AgainstChoice() {
  return (
    <Select
      before="Planned against"
      label="Planned against"
      options={[
        { value: 'now', text: 'the zeros it has now' },
        { value: 'uniform', text: 'one sparsity for all' },
      ]}
      value={comparedWith.value}
      onChoose={(next) => (against.value = next)}
    />
  )
}
