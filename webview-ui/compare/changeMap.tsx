// The map of what changed, with the meaning of its colours.
import { MapFigure } from '../shared/mapFigure.tsx'
import { cellOf } from '../shared/moduleGrid.ts'
import { divergingColour } from '../shared/palette.ts'
import { Select } from '../shared/parts.tsx'
import { chosenColour } from '../shared/settings.ts'
import { changeGrid, describeChange, type Measure } from './changes.ts'
import { map, mark, measure, models, select } from './store.ts'

const meanings = {
  filled: {
    option: 'mask flips',
    title: 'Mask, in % of the weights',
    low: 'zeros filled',
    high: 'new zeros',
    notComputed: 'not compared',
    more: 'Pale: the mask is the same. Where a matrix has both, the larger share counts.',
    colour: (share: number) => divergingColour(2 * share - 1),
  },
  drift: {
    option: 'drift of the weights',
    title: 'Drift, in % of the norm of A',
    low: '0 %',
    high: '100 % and more',
    notComputed: 'not compared',
    more: 'How far the weights have moved.',
    colour: chosenColour,
  },
} satisfies Record<Measure, object>
const options = (['filled', 'drift'] as const).map((value) => ({ value, text: meanings[value].option }))

export function ChangeMap() {
  const { colour, more, ...words } = meanings[measure.value]
  const { a, b } = models.value ?? {}
  return (
    <section class="card">
      <MapFigure
        title="Changes by block and module"
        name="changes"
        fileTitle={`A: ${a?.label} → B: ${b?.label}`}
        caption={more}
        data={changeGrid(map.value, measure.value, colour)}
        words={words}
        describe={(row, column) => describeChange(map.value, row, column)}
        onSelect={(row, column) => {
          const found = cellOf(map.value, row, column)?.find(({ change }) => change)?.change
          if (found) select(found)
        }}
        mark={mark}
        tools={
          <Select
            label="What the colour means"
            options={options}
            value={measure.value}
            onChoose={(next) => (measure.value = next)}
          />
        }
      />
      <p class="muted">{more}</p>
    </section>
  )
}
