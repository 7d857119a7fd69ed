// The map of blocks and modules, and what it is coloured by.
import { Grid } from '../shared/grid.tsx'
import { LegendLine, legendOf } from '../shared/legend.tsx'
import { Empty } from '../shared/page.tsx'
import { tensorMenu } from '../shared/namedTable.tsx'
import { describeCell } from './cells.ts'
import { chosenMeasure, heat, measure, measures } from './colouring.ts'
import { MarkedRow } from './markedRow.tsx'
import { Analyse, MeasureHere } from './measureHere.tsx'
import { known, map, mark, model, select, tensorAt } from './store.ts'

export function MapCard() {
  const { blocks } = map.value
  if (blocks.length === 0)
    return <Empty message="No matrices of transformer blocks were recognised; the table lists every tensor." />
  return (
    <section class="card" aria-label="Map">
      <h2>{measure.value.title} by block and module</h2>
      <div class="row colourBy">
        <ColourBy />
        {!model.value?.lookOnly && <Analyse />}
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
      />
      <LegendLine legend={legendOf(heat.value.words, heat.value)} />
      {measure.value.caution && <p class="muted">{measure.value.caution}</p>}
      <MeasureHere />
      <MarkedRow />
    </section>
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
        value={measure.value.id}
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
