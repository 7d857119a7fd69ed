// The map of what changed, with the meaning of its colours.
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { FigureMenu } from '../shared/figureHead.tsx'
import { Grid } from '../shared/grid.tsx'
import { gridFigure } from '../shared/gridSvg.ts'
import type { LegendWords } from '../shared/legend.ts'
import { divergingColour, sequentialColour } from '../shared/palette.ts'
import { ScaleLegend } from '../shared/scaleLegend.tsx'
import { settings } from '../shared/settings.ts'
import { cellAt, changeGrid, describeChange, type Measure } from './changes.ts'
import { map, mark, measure, models, select } from './store.ts'

interface Meaning extends LegendWords {
  readonly option: string
  /** What the ends do not say. */
  readonly more: string
  readonly colour: (share: number) => string
}

const meanings: Readonly<Record<Measure, Meaning>> = {
  filled: {
    option: 'mask flips',
    title: 'Mask, in % of the weights',
    low: 'zeros filled',
    high: 'new zeros',
    notComputed: 'not compared',
    more: 'Pale: the mask is the same. Where a matrix has both, the larger share counts.',
    colour: (share) => divergingColour(2 * share - 1),
  },
  drift: {
    option: 'drift of the weights',
    title: 'Drift, in % of the norm of A',
    low: '0 %',
    high: '100 % and more',
    notComputed: 'not compared',
    more: 'How far the weights have moved.',
    colour: (share) => sequentialColour(settings.value.palette, share),
  },
}

export function ChangeMap({ save }: { save: (file: ExportFile) => void }) {
  const meaning = meanings[measure.value]
  const data = changeGrid(map.value, measure.value, meanings.drift.colour)
  const title = 'Changes by block and module'
  /** For a paper: what the colours mean stands below it. */
  const figure = () => {
    if (map.value.blocks.length === 0 || !models.value) return null
    const { a, b } = models.value
    return gridFigure(data, {
      title: `A: ${a.label} → B: ${b.label}`,
      caption: meaning.more,
      legend: meaning,
      scale: meaning.colour,
    })
  }
  const onSelect = (row: number, column: number) => {
    const found = cellAt(map.value, row, column)?.changes[0]
    if (found) select(found)
  }
  return (
    <section class="card">
      <div class="head">
        <h2>{title}</h2>
        <div class="row">
          <select
            aria-label="What the colour means"
            value={measure.value}
            onChange={({ currentTarget }) => (measure.value = currentTarget.value === 'drift' ? 'drift' : 'filled')}
          >
            {Object.entries(meanings).map(([value, { option }]) => (
              <option value={value}>{option}</option>
            ))}
          </select>
          <FigureMenu title={title} name="changes" figure={figure} save={save} />
        </div>
      </div>
      <Grid
        label={title}
        data={data}
        describe={(row, column) => describeChange(map.value, row, column)}
        onSelect={onSelect}
        mark={mark}
      />
      <ScaleLegend words={meaning} colour={meaning.colour} />
      <p class="muted">{meaning.more}</p>
    </section>
  )
}
