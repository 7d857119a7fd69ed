// The map of blocks and modules, with the choice of its colours and the marked cells.
import { formatCompact, plural } from '../../src/formatting/numbers.ts'
import { announce } from '../shared/announce.ts'
import { Button } from '../shared/button.tsx'
import { Grid } from '../shared/grid.tsx'
import { LegendLine, legendOf } from '../shared/legend.tsx'
import { tensorMenu } from '../shared/namedTable.tsx'
import { describeCell } from './cells.ts'
import { PruningCost } from './pruningCost.tsx'
import {
  chosenMeasure,
  heat,
  host,
  isChosen,
  known,
  map,
  mark,
  marked,
  measure,
  measures,
  model,
  select,
  tensorAt,
} from './store.ts'

export function MapCard() {
  if (map.value.blocks.length === 0) return null
  const { title, scale, caution } = measure.value
  const { title: _, ...words } = heat.value.words
  return (
    <section aria-label="Map">
      <div class="head">
        <h2>
          {scale === 'share' ? `${title}, %` : title} <small>by block and module</small>
        </h2>
        <ColourBy />
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
      <LegendLine legend={legendOf(words, heat.value)} />
      {caution && <p class="muted caption">{caution}</p>}
      <MarkedRow />
      <PruningCost />
    </section>
  )
}

function ColourBy() {
  const all = measures.value
  const groups = [...new Set(all.map(({ group }) => group))]
  return (
    <label class="choice">
      {'Colour '}
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

/** The marked matrices, and actions on them. */
function MarkedRow() {
  const tensors = marked.value
  if (tensors.length === 0 || (tensors.length === 1 && !isChosen.value)) return null
  const weights = tensors.reduce((sum, { parameters }) => sum + parameters, 0)
  const use = (as: 'targets' | 'ignore' | 'recipe') =>
    host.post({ type: 'useMarked', as, names: tensors.map(({ name }) => name) })
  const copyAs = (name: 'targets' | 'ignore', about: string) => (
    <Button
      act={() => {
        use(name)
        announce(`Copied as ${name}`)
      }}
      look="link"
      title={about}
    >{`Copy as ${name}`}</Button>
  )
  return (
    <div class="row marked" role="group" aria-label="Marked matrices">
      <span class="muted">
        {`${plural(tensors.length, 'matrix', 'matrices')} marked, ${formatCompact(weights)} weights`}
        {tensors.length === 1 && '; drag, or hold Shift, to mark several'}
      </span>
      {!model.value?.lookOnly && (
        <>
          {copyAs('targets', 'An entry under prune with this line prunes only these matrices')}
          {copyAs('ignore', 'An entry under prune with this line skips these matrices')}
          <Button
            act={() => use('recipe')}
            look="link"
            title="Adds them to an open recipe of this model; asks which one, and whether as targets or ignore"
          >
            Put into a recipe…
          </Button>
        </>
      )}
    </div>
  )
}
