// The map of what changed, with the meaning of its colours.
import { formatShare } from '../../src/formatting/numbers.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { cellOf } from '../shared/moduleGrid.ts'
import { divergingColour } from '../shared/palette.ts'
import { Select } from '../shared/parts.tsx'
import { changeGrid, describeChange, mostDrift, type ChangeMap as Changes, type Measure } from './changes.ts'
import { chooseMeasure, map, mark, measure, models, select } from './store.ts'

const meanings = {
  filled: {
    option: 'mask flips',
    title: 'Mask, in % of the weights',
    low: 'zeros filled',
    high: () => 'new zeros',
    more: 'Pale: the mask is the same. Where a matrix has both, the larger share counts.',
    colour: (share: number) => divergingColour(2 * share - 1),
  },
  drift: {
    option: 'drift of the weights',
    title: 'Drift, in % of the norm of A',
    low: 'the same',
    high: (map: Changes) => formatShare(mostDrift(map)),
    more: 'How far the weights have moved. Pale: they are the same.',
    colour: divergingColour,
  },
} satisfies Record<Measure, object>
const options = (['filled', 'drift'] as const).map((value) => ({ value, text: meanings[value].option }))

export function ChangeMap() {
  const { colour, more, title, low, high } = meanings[measure.value]
  const words = { title, low, high: high(map.value), notComputed: 'not compared' }
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
          <Select label="What the colour means" options={options} value={measure.value} onChoose={chooseMeasure} />
        }
      />
      <p class="muted">{more}</p>
    </section>
  )
}
