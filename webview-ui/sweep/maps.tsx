// Sparsity by block and module of several runs, side by side on one scale.
import { computed } from '@preact/signals'
import type { RunMap } from '../../src/shared/protocol/sweepView.ts'
import { blockGridData, blockMap, describeBlockCell, zeroWords, type MappedRun } from '../shared/blockGrid.ts'
import { Figure } from '../shared/figure.tsx'
import { Grid } from '../shared/grid.tsx'
import { gridFigure } from '../shared/gridSvg.ts'
import { LegendLine } from '../shared/legend.tsx'
import { chosenColour } from '../shared/settings.ts'
import { host } from './host.ts'
import { chosen, maps, ordered, whenever } from './store.ts'

/** More would not stand side by side; so few need no choosing. */
const [mostMaps, fewMaps] = [6, 4]

const wanted = computed(() => {
  const selected = chosen.value.flatMap(({ runs }) => runs)
  const all = ordered.value.flatMap(({ runs }) => runs)
  return selected.length > 0 ? selected : all.length <= fewMaps ? all : []
})
const shown = computed(() => wanted.value.filter(({ isBegun }) => isBegun).slice(0, mostMaps))
whenever(
  () => shown.value.map(({ index }) => index),
  (runs) => host.post({ type: 'watchMaps', runs }),
)

export function MapsCard() {
  const all = wanted.value.length
  const more = all > mostMaps ? `The first ${mostMaps} of ${all} runs.` : ''
  const note = all === 0 ? 'Select runs in the table to see their maps side by side.' : more
  return (
    <section class="card">
      <h2>Zeros by block and module</h2>
      {note !== '' && <p class="muted">{note}</p>}
      <div class="tiled mapList">
        {shown.value.map(({ key, label, state }) => (
          <OneMap key={key} label={label} isRunning={state === 'running'} map={maps.value.get(key)} />
        ))}
      </div>
      {shown.value.length > 0 && <LegendLine legend={{ ...zeroWords, colour: chosenColour }} />}
    </section>
  )
}

interface OneMapProps {
  readonly label: string
  readonly isRunning: boolean
  /** undefined: it has not been read. */
  readonly map: RunMap | undefined
}

function OneMap({ label, isRunning, map }: OneMapProps) {
  const run: MappedRun = {
    numBlocks: map?.numBlocks ?? 0,
    blocks: new Map(map?.blocks.map((block) => [block.block, block])),
  }
  const blocks = blockMap(run)
  const data = blockGridData(blocks)
  return (
    <section aria-label={label}>
      <Figure title={label} figure={() => gridFigure(data, label, zeroWords)}>
        {run.blocks.size > 0 ? (
          <Grid
            label={`Zeros of ${label}`}
            data={data}
            describe={(row, column) => describeBlockCell(blocks, run, row, column)}
          />
        ) : (
          <p class="muted">
            {!map ? 'Reading the map…' : isRunning ? 'No block is pruned yet.' : 'No block was pruned.'}
          </p>
        )}
      </Figure>
    </section>
  )
}
