// The map of the model, for pointer and keyboard, coloured by kind or by how far each tensor moved.
import { useMemo, useState } from 'preact/hooks'
import { adapterOf, isAdapterName } from '../../src/catalog/adapters/adapters.ts'
import { largest } from '../../src/formatting/lists.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import type { Kind } from '../../src/plan/stageView.ts'
import { announce } from '../shared/announce.ts'
import { drawn, Picture, pixelOf, Tip, useRoomFor } from '../shared/picture.tsx'
import { FigureMenu } from '../shared/figure.tsx'
import { step, within } from '../shared/gridLayout.ts'
import { LegendLine, Marks } from '../shared/legend.tsx'
import { Select } from '../shared/parts.tsx'
import { chosenColour, settings } from '../shared/settings.ts'
import { describeCell, movedMost, type Cell } from '../../src/charts/modelCells.ts'
import { layOutMap, mapFigure, mapShapes, onPage, type MapLayout, type PlacedCell } from '../../src/charts/modelMap.ts'
import { cells, colouring, keyOf, moved, opened, pick, ranking, shown, stage, training } from './store.ts'

export function ModelMap({ csv }: { csv: () => string }) {
  const { place, width } = useRoomFor(260)
  const [pointed, setPointed] = useState<PlacedCell | null>(null)
  const map = cells.value
  // Moving the pointer redraws nothing.
  const layout = useMemo(() => layOutMap(map, width), [map, width])
  const most = ranking.value.at(0)?.share ?? 0
  const isMoved = colouring.value === 'moved' && most > 0
  const farOf = (cell: Cell) => moved.value?.[movedMost(cell, moved.value)?.name ?? '']?.moved ?? 0
  const movedColour = isMoved ? (cell: Cell) => (isKnown(cell) ? chosenColour(farOf(cell) / most) : null) : undefined
  const drawing = { map, layout, movedColour }
  const picture = useMemo(
    () => mapShapes({ ...drawing, look: onPage }).map(drawn),
    [layout, isMoved, moved.value, settings.value.palette],
  )
  const at = layout.cells.find(({ cell }) => cell === opened.value)
  const caption = legendWords(map.most).join(' · ')
  const title = `${shown.value?.plan.recipe ?? ''}: ${stage.value?.title ?? ''}`
  const open = ({ cell }: PlacedCell) => pick(keyOf(cell))
  const walk = (event: KeyboardEvent) => {
    const extent = { rows: map.lines.map(({ name }) => name), columns: map.columns.map(({ name }) => name) }
    const data = { ...extent, cells: [], colour: () => '' }
    const from = { row: at?.line ?? 0, column: at?.column ?? 0 }
    const next = step(event.key, from, data)
    if (!next) return
    event.preventDefault()
    const to = within(data, next)
    const inLine = layout.cells.filter(({ line }) => line === to.row)
    const found = inLine.find(({ column }) => column === to.column) ?? inLine.at(-1)
    if (!found) return
    open(found)
    announce(describeCell(found.cell, moved.value))
  }
  return (
    <section aria-label="All of the model">
      <div class="chartHead">
        <h2 class="chartTitle">By block and module</h2>
        {most > 0 && <Colouring />}
        <FigureMenu title="Map" name="trainable" figure={() => mapFigure(drawing, title, caption)} csv={csv} />
      </div>
      <Legend most={isMoved ? most : null} full={map.most} />
      <Picture
        {...{ place, width: layout.width, height: layout.height }}
        class="modelMap"
        role="grid"
        tabIndex={0}
        aria-label="Trained share by block and module"
        aria-rowcount={map.lines.length}
        aria-activedescendant="openedCell"
        onKeyDown={walk}
        onMouseMove={(event) => setPointed(cellUnder(layout, event) ?? null)}
        onMouseLeave={() => setPointed(null)}
        onClick={(event) => {
          const found = cellUnder(layout, event)
          if (found) open(found)
        }}
        drawing={
          <>
            {picture}
            {layout.cells.filter(({ cell }) => isAtWork(cell)).map((one) => outline(one, layout.tall, 'atWork'))}
            {at && outline(at, layout.tall, 'openedCell')}
          </>
        }
      >
        <div role="row" class="srOnly">
          <div role="gridcell" id="openedCell">
            {at && describeCell(at.cell, moved.value)}
          </div>
        </div>
        {pointed && (
          <Tip x={pointed.x + pointed.width / 2} top={pointed.y + layout.tall + 4} width={layout.width} title="">
            {describeCell(pointed.cell, moved.value)}
          </Tip>
        )}
      </Picture>
    </section>
  )
}

/** Whether movement is recorded for the cell. A trained tensor that did not move must look different from a frozen one. */
const isKnown = ({ rows }: Cell) => rows.some(({ name }) => moved.value?.[name])

function cellUnder({ cells: placed, tall }: MapLayout, event: MouseEvent): PlacedCell | undefined {
  const { x, y } = pixelOf(event)
  return placed.find((one) => y >= one.y && y < one.y + tall + 3 && x >= one.x && x < one.x + one.width + 3)
}

const outline = ({ x, y, width }: PlacedCell, tall: number, name: string) => (
  <rect class={`ring ${name}`} x={x - 1} y={y - 1} width={width + 2} height={tall + 2} rx={2} />
)

/** Whether a run works on the cell now: on its block, or on everything that trains. */
function isAtWork({ block, count, isPruned }: Cell): boolean {
  const { at } = training.value
  if (!at || at.recovery !== stage.value?.recovery) return false
  return at.block === null ? count > 0 : at.block === block && (count > 0 || (at.recovery === null && isPruned))
}

const colourings = [
  { value: 'kind', text: 'What trains' },
  { value: 'moved', text: 'How far it moved' },
] as const

function Colouring() {
  const choose = (next: 'kind' | 'moved') => (colouring.value = next)
  return <Select before="Colour" label="Colour by" options={colourings} value={colouring.value} onChoose={choose} />
}

function wordsOf(kind: Kind): string {
  if (kind === 'vector') return 'norm or bias, in full'
  if (kind === 'kept') return 'every kept weight'
  const by = stage.value?.rows.find((row) => row.kind === kind && isAdapterName(row.by))?.by
  return isAdapterName(by) ? adapterOf(by).title : kind
}

function kindsThere(): Kind[] {
  const there = new Set(cells.value.lines.flatMap(({ cells: own }) => own.flatMap((cell) => cell?.kind ?? [])))
  return (['vector', 'adapter', 'kept', 'frozen'] as const).filter((kind) => there.has(kind))
}

const isHatched = () =>
  cells.value.lines.some(({ cells: own }) => own.some((cell) => cell?.kind === 'frozen' && cell.isPruned))

const scaleText = (full: number) =>
  full > 0 ? `bar: share of a matrix's own parameters that train, 0 to ${formatShare(full, 1).replace('.0 ', ' ')}` : ''

const legendWords = (full: number) => [
  ...kindsThere().map(wordsOf),
  ...(isHatched() ? ['hatched: pruned and frozen'] : []),
  ...(full > 0 ? [scaleText(full)] : []),
]

/** `most`: the largest movement, where the map shows movement. */
function Legend({ most, full }: { most: number | null; full: number }) {
  const farther = largest(Object.values(moved.value ?? {}), 0, (one) => one.moved ?? 0)
  if (most !== null)
    return (
      <LegendLine
        legend={{
          low: 'moved: 0',
          high: `${formatShare(most)} of its norm${farther > most ? ' and more' : ''}`,
          colour: chosenColour,
        }}
      />
    )
  return (
    <div class="row legend">
      <Marks of={kindsThere().map((kind) => ({ colour: `var(--kind-${kind})`, text: wordsOf(kind) }))} />
      {isHatched() && (
        <span class="key">
          <i class="legendHatch" aria-hidden="true" />
          pruned and frozen
        </span>
      )}
      <span>{scaleText(full)}</span>
    </div>
  )
}
