// The map of blocks and modules, with the choice of its colours and the marked cells. For a dense model, a button measures what
// pruning each matrix and each block would cost, with one method and one text.
import { methodOf } from '../../src/catalog/methods/methods.ts'
import { measuredMethod, type MeasuredSoFar } from '../../src/protocol/inspect.ts'
import { formatCompact, plural, roughDuration } from '../../src/formatting/numbers.ts'
import { announce } from '../shared/announce.ts'
import { Button } from '../shared/button.tsx'
import { Grid } from '../shared/grid.tsx'
import { LegendLine, legendOf } from '../shared/legend.tsx'
import { tensorMenu } from '../shared/namedTable.tsx'
import { describeCell } from './cells.ts'
import { kindSoFar } from './summary.ts'
import {
  chosenMeasure,
  heat,
  host,
  isChosen,
  known,
  map,
  mark,
  marked,
  measurable,
  measure,
  measures,
  measuring,
  measuringProblem,
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

/** Renders nothing if nothing can be measured. Progress replaces the button, even if a command started the analysis. */
function PruningCost() {
  const going = measuring.value
  const problem = measuringProblem.value
  const one = measurable.value
  const kind = kindSoFar(model.value?.tensors ?? [], known.value.stats)
  const isDense = kind !== 'pruned'
  const isAsked = kind === 'pruned' || (kind === 'dense' && one !== null)
  if (model.value?.lookOnly || !(going || problem || isAsked)) return null
  return (
    <div class="row pruningCost" role="group" aria-label={isDense ? 'Cost of pruning' : 'Quality of the masks'}>
      <span>{isDense ? 'What would pruning cost?' : 'How good are the masks?'}</span>
      {going ? <Progress {...going} /> : isDense ? one && <Measure {...one} /> : <MeasureRoom />}
      {(isDense || going || problem) && (
        <span class={problem ? 'problem' : 'srOnly'} role="status">
          {problem}
        </span>
      )}
    </div>
  )
}

function Progress({ done, total }: { done: number; total: number }) {
  const share = total > 0 ? done / total : undefined
  return (
    <>
      <progress max={1} value={share} aria-label="Measuring" />
      <span class="muted">{share === undefined ? 'starting…' : `${Math.round(100 * share)} %`}</span>
      <Button act={() => host.post({ type: 'analyseCancel' })}>Stop</Button>
    </>
  )
}

function MeasureRoom() {
  return (
    <Button
      act={() => host.post({ type: 'measureRoom' })}
      title="Compares with the dense model on a text: the share of the output error that the best swap of a pruned and a kept weight in each row would remove"
      untrusted="This runs the model, so it needs a trusted workspace."
    >
      Measure room…
    </Button>
  )
}

function Measure({ measured, blocks, seconds }: MeasuredSoFar) {
  const { title } = methodOf(measuredMethod)
  if (measured >= blocks)
    return <span class="muted">{`Measured with ${title}, by block and by matrix. Choose either under Colour.`}</span>
  return (
    <>
      <Button
        act={() => host.post({ type: 'analyse' })}
        title={`Runs a text through the model and measures what pruning by ${title} costs: the output error of each matrix, and the model's loss for each block`}
        untrusted="An analysis runs the model, so it needs a trusted workspace."
      >
        {`Measure ${title}, about ${roughDuration(seconds)}`}
      </Button>
      <small>{measured > 0 ? `${measured} of ${blocks} blocks measured` : 'by matrix and by block, in place'}</small>
    </>
  )
}
