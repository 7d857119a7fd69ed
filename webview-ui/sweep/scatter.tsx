// Runs as points, for pointer and keyboard; selected and opened like the rows of the table.
import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { chartCsv } from '../../src/charts/chartValues.ts'
import { drawChart, markPath } from '../../src/charts/drawChart.ts'
import { chartFigure } from '../../src/charts/figure.ts'
import { layOutChart, type ChartLayout } from '../../src/charts/layout.ts'
import { scatterChart, type Scatter, type ScatterLook, type ScatterPoint } from '../../src/charts/scatterChart.ts'
import { plural } from '../../src/formatting/numbers.ts'
import { spreadText } from '../../src/runs/compared/comparisonTable.ts'
import { announce } from '../shared/announce.ts'
import { logSwitches } from '../shared/chart.tsx'
import { drawn, Picture, pixelOf, Tip, useRoomFor } from '../shared/picture.tsx'
import { Figure } from '../shared/figure.tsx'
import { Key } from '../shared/legend.tsx'
import { type Option, Select } from '../shared/parts.tsx'
import { stepTo } from '../shared/roving.ts'
import { theme } from '../shared/theme.ts'
import { isTall } from './curves.tsx'
import type { Measure } from '../../src/runs/compared/measures.ts'
import { isEarly, type Entry } from './entries.ts'
import {
  available,
  axes,
  choose,
  chosen,
  entries,
  inSight,
  isSelected,
  open,
  options,
  styledBy,
  stylesOf,
  table,
  toggle,
} from './store.ts'

const [usualHeight, tallHeight] = [300, 440]
const narrowest = 260
/** Pixels from a point within which the pointer picks it. */
const reach = 18

export function ScatterCard() {
  const on = axes.value
  const { logX, logY } = options.value
  if (!on) {
    return (
      <section class="card">
        <h2>Runs as points</h2>
        <p class="empty">Points appear with the first evaluation.</p>
      </section>
    )
  }
  // The best runs may be below the dense model, where the difference has no logarithm.
  const isAbove0 = entries.value.every((entry) => (on.y.of(entry)?.low ?? 1) > 0)
  const isLog = { logX, logY: logY ?? (on.y.isLog && isAbove0) }
  return <ScatterFigure look={{ ...on, by: styledBy.value }} {...isLog} />
}

function ScatterFigure({ look, logX, logY }: { look: ScatterLook; logX: boolean; logY: boolean }) {
  const [all, shown] = [entries.value, inSight.value]
  const isAt0 = (measure: Measure, entry: Entry) => (measure.of(entry)?.median ?? 1) <= 0
  const hasNoPlace = (entry: Entry) => (logX && isAt0(look.x, entry)) || (logY && isAt0(look.y, entry))
  const placeless = shown.filter(hasNoPlace).length
  const scatter = useMemo(
    () => scatterChart(all, look, (entry) => shown.includes(entry) && !hasNoPlace(entry)),
    [all, shown, look.x, look.y, look.by, logX, logY],
  )
  const data = useMemo(() => ({ ...scatter.chart, logX, logY, continuousX: true }), [scatter, logX, logY])
  // The file contains the selected runs, else the shown ones.
  const figure = () => {
    const saved = chosen.value.length > 0 ? chosen.value : inSight.value
    const { chart, text } = scatterChart(all, look, (entry) => saved.includes(entry))
    return chartFigure({ ...data, ...chart }, text)
  }
  const keys = [
    ...data.series.map(({ label, style, marks }) => ({ label, style, dash: undefined, mark: marks !== undefined })),
    ...data.levels.map(({ label, style, dash }) => ({ label, style, dash, mark: false })),
  ]
  return (
    <section class="card">
      <Figure
        title={scatter.text.title}
        name="scatter"
        figure={figure}
        csv={() => chartCsv(data, scatter.text)}
        switches={logSwitches({ logX, logY }, choose)}
      >
        <PictureControls />
        {placeless > 0 && (
          <p class="muted">{`${plural(placeless, 'row')} at or below 0 cannot be shown on a logarithmic axis.`}</p>
        )}
        {scatter.points.length === 0 ? (
          <p class="empty">{`No run has measured both ${look.x.title} and ${look.y.title} yet.`}</p>
        ) : (
          <>
            <Points scatter={scatter} data={data} look={look} all={all} />
            <div class="chartKey" role="group" aria-label="Legend of colours, dashes and shapes">
              {keys.map(({ label, ...sign }) => (
                <Key {...sign}>{label}</Key>
              ))}
            </div>
          </>
        )}
      </Figure>
    </section>
  )
}

function PictureControls() {
  const { x = null, y = null } = axes.value ?? {}
  const measures = available.value.map(({ id, title }) => ({ value: id, text: title }))
  const by = styledBy.value
  const styles = (name: 'colour' | 'shape') => [{ value: '', text: 'one for all' }, ...stylesOf(name)]
  const select = (before: string, label: string, options: readonly Option[], value: string | null, of: Choose) => (
    <Select {...{ before, label, options }} value={value ?? ''} onChoose={(to) => choose(of(to))} />
  )
  return (
    <div class="row choices">
      {select('x', 'x axis of the picture', measures, x && x.id, (to) => ({ x: to, logX: false }))}
      {select('y', 'y axis of the picture', measures, y && y.id, (to) => ({ y: to, logY: null }))}
      {select('colour', 'Colour of the points', styles('colour'), by.colour, (colour) => ({ colour }))}
      {select('shape', 'Shape and dash of the points', styles('shape'), by.shape, (shape) => ({ shape }))}
    </div>
  )
}

type Choose = (to: string) => Parameters<typeof choose>[0]

interface PictureProps {
  readonly scatter: Scatter
  readonly data: Scatter['chart'] & { logX: boolean; logY: boolean; continuousX: boolean }
  readonly look: ScatterLook
  /** All entries. The `run` of a point is an index of this list. */
  readonly all: readonly Entry[]
}

function Points({ scatter, data, look, all }: PictureProps) {
  const { place, width } = useRoomFor(narrowest)
  const height = isTall.value ? tallHeight : usualHeight
  const layout = useMemo(() => layOutChart(data, { width, height }), [data, width, height])
  const ink = theme.value
  const picture = useMemo(() => drawn(drawChart(layout, data, scatter.text, ink)), [layout, ink])
  const at = useSignal<ScatterPoint | null>(null)
  const point = scatter.points.find(({ run }) => run === at.value?.run) ?? null
  const chooseAt = (event: MouseEvent) => {
    const hit = nearest(scatter.points, layout, pixelOf(event))
    if (!hit) return
    const entry = all[hit.run]
    if (event.ctrlKey || event.metaKey || event.shiftKey) toggle(entry)
    else table.chosen.value = new Set([entry.key])
    table.current.value = entry.key
  }
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'Escape') at.value = null
    else if (event.key === 'Enter' && point) open(all[point.run])
    else if (event.key === ' ' && point) toggle(all[point.run])
    else {
      const sorted = [...scatter.points].sort((a, b) => a.x - b.x || a.y - b.y)
      const next = stepTo(event.key, point && sorted.indexOf(point), sorted.length)
      if (next === null) return
      const to = sorted[next]
      at.value = to
      announce([all[to.run].label, ...tipLines(all[to.run], look)].join('; '))
    }
    event.preventDefault()
  }
  return (
    <Picture
      {...{ place, width, height }}
      tabIndex={0}
      role="application"
      aria-roledescription="scatter plot"
      aria-label="Runs as points: arrows go from one to the next, Enter opens a run, Space selects it"
      onClick={chooseAt}
      onPointerMove={(event) => (at.value = nearest(scatter.points, layout, pixelOf(event)))}
      onPointerLeave={() => (at.value = null)}
      onBlur={() => (at.value = null)}
      onDblClick={() => point && open(all[point.run])}
      onKeyDown={walk}
      drawing={[
        picture,
        <Rings layout={layout} points={scatter.points.filter(({ run }) => isSelected(all[run]))} />,
        point && <circle class="ring pointAt" cx={layout.x.at(point.x)} cy={layout.y.at(point.y)} r={8} />,
      ]}
    >
      {point && (
        <Tip x={layout.x.at(point.x)} top={layout.y.at(point.y) - 12} width={width} title={all[point.run].label}>
          {tipLines(all[point.run], look).map((line) => (
            <div>{line}</div>
          ))}
        </Tip>
      )}
    </Picture>
  )
}

/** Rings around the selected points. */
function Rings({ layout, points }: { layout: ChartLayout; points: readonly ScatterPoint[] }) {
  return (
    <>
      {points.map(({ run, x, y, style }) => (
        <g key={run} transform={`translate(${layout.x.at(x)} ${layout.y.at(y)})`}>
          <circle class="ring" r={9} />
          <path d={markPath(style.marker, 90)} fill={style.colour} />
        </g>
      ))}
    </>
  )
}

function nearest(
  points: readonly ScatterPoint[],
  layout: ChartLayout,
  { x, y }: { x: number; y: number },
): ScatterPoint | null {
  let [best, closest]: [ScatterPoint | null, number] = [null, reach]
  for (const point of points) {
    const distance = Math.hypot(layout.x.at(point.x) - x, layout.y.at(point.y) - y)
    if (distance < closest) [best, closest] = [point, distance]
  }
  return best
}

function tipLines(entry: Entry, { x, y }: ScatterLook): string[] {
  const values = [x, y].map((measure) => {
    const spread = measure.of(entry)
    const early = isEarly(entry, measure.id) ? ', pruned' : ''
    return `${measure.title}${early}: ${spread ? spreadText(spread, measure.format) : '–'}`
  })
  const state = entry.states.every((one) => one === 'done') ? [] : [entry.states.join(', ')]
  return [...values, ...state]
}
