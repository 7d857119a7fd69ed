// Block × step heatmap of the errors of a reconstruction: of the run, or of the run against an overlaid one.
import { useState } from 'preact/hooks'
import { formatValue } from '../../src/formatting/numbers.ts'
import type { ChartedRun } from '../../src/charts/runCharts.ts'
import type { DataTable } from '../../src/charts/chartValues.ts'
import {
  errorSteps,
  errorStepsAgainst,
  recoveriesWithSteps,
  type ErrorSteps,
  type StepRange,
} from '../../src/runs/series/blockErrors.ts'
import { recoveryName } from '../../src/runs/series/recoveries.ts'
import type { GridData } from '../shared/gridData.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { divergingColour } from '../shared/palette.ts'
import { Select } from '../shared/parts.tsx'
import { chosenColour } from '../shared/settings.ts'
import { useBlockMark } from './blocks.tsx'
import { all, pickedBlock } from './store.ts'

/** A choice of the map: one recovery, of the run alone or against another. */
interface View {
  readonly id: string
  readonly label: string
  readonly recovery: number
  readonly other: ChartedRun | null
}

interface Shown extends ErrorSteps {
  readonly view: View
  /** Natural logs of the ratios at the ends of the colour scale. */
  readonly low: number
  readonly high: number
}

const title = 'Error by block and step'
/** Smallest span of the colour scale, in natural logs. */
const least = 1e-3
/** Names this many columns apart do not overlap. */
const namedEvery = 4
const fewColumns = 12

export function ErrorMap() {
  const [chosen, choose] = useState('')
  const views = viewsOf(all.value)
  const view = views.find(({ id }) => id === chosen) ?? views.at(0)
  const shown = view && show(all.value[0], view)
  const mark = useBlockMark(shown?.columns.length ?? 0)
  if (!shown) return null
  return (
    <section class="card">
      <MapFigure
        title={title}
        name="errors-by-step"
        data={gridData(shown)}
        words={wordsOf(shown)}
        fileTitle={shown.view.other ? `${title}, ${shown.view.label}` : title}
        caption={all.value[0].label}
        table={() => tableOf(shown)}
        describe={(row, column) => describe(shown, row, column)}
        onSelect={(row) => (pickedBlock.value = shown.blocks[row])}
        mark={mark}
        tools={
          views.length > 1 && (
            <Select
              label="Errors of"
              options={views.map(({ id, label }) => ({ value: id, text: label }))}
              value={shown.view.id}
              onChoose={choose}
            />
          )
        }
      />
    </section>
  )
}

function viewsOf([run, ...others]: readonly ChartedRun[]): View[] {
  if (!run) return []
  const { recoveries } = run.picture
  return recoveriesWithSteps(run.picture).flatMap((recovery) => {
    const part = recoveries.length > 1 ? `, ${recoveryName(recovery, recoveries[recovery] ?? '')}` : ''
    const same = others.filter(({ picture }) => picture.blockLoss.has(recovery))
    return [
      { id: `${recovery}`, label: `this run${part}`, recovery, other: null },
      ...same.map((other) => ({
        id: `${recovery} ${other.index}`,
        label: `against ${other.label}${part}`,
        recovery,
        other,
      })),
    ]
  })
}

function show({ picture }: ChartedRun, view: View): Shown {
  const { recovery, other } = view
  const steps = other ? errorStepsAgainst(picture, other.picture, recovery) : errorSteps(picture, recovery)
  const logs = steps.cells.flatMap((cell) => (cell && cell.ratio > 0 ? [Math.log(cell.ratio)] : []))
  const [low, high] = [Math.min(0, ...logs), Math.max(0, ...logs)]
  // Against another run, the middle of the scale means equal errors.
  const most = Math.max(-low, high, least)
  return { ...steps, view, ...(other ? { low: -most, high: most } : { low: Math.min(low, -least), high }) }
}

function share({ low, high }: Shown, ratio: number): number {
  return ratio > 0 ? (Math.log(ratio) - low) / (high - low) : 0
}

function gridData(shown: Shown): GridData {
  const { blocks, begun, columns, cells } = shown
  const nameOf = (range: StepRange, i: number) => {
    if (columns.length > fewColumns && i % namedEvery > 0) return ''
    return i === 0 ? `step ${rangeText(range)}` : rangeText(range)
  }
  return {
    rows: blocks.map(String),
    columns: columns.map(nameOf),
    cells: cells.map((cell, i) => {
      if (cell) return { value: share(shown, cell.ratio), text: shortText(cell.ratio) }
      return begun[Math.floor(i / columns.length)] ? { value: null, text: '' } : undefined
    }),
    // Blue: this run has the smaller error.
    colour: shown.view.other ? (at) => divergingColour(1 - 2 * at) : chosenColour,
  }
}

/** A ratio short enough for a narrow cell. */
const shortText = (ratio: number) => formatValue(Number(ratio.toPrecision(2)))

const rangeText = ({ from, to }: StepRange) => (from === to ? String(from) : `${from}–${to}`)

function wordsOf({ view, low, high }: Shown) {
  const what = view.other ? `Error over that of ${view.other.label}` : 'Error over the block’s error before'
  const factor = (log: number) => `${formatValue(Math.exp(log))} ×`
  // One value alone has no scale.
  const isOne = !view.other && high === 0 && low === -least
  return { title: `${what} (log)`, low: isOne ? '' : factor(low), high: factor(high), notComputed: 'no number' }
}

function describe({ view, blocks, begun, columns, cells }: Shown, row: number, column: number): string {
  const range = columns[column]
  const cell = cells[row * columns.length + column]
  if (!range) return ''
  const where = `block ${blocks[row]}, ${range.from === range.to ? 'step' : 'steps'} ${rangeText(range)}`
  if (!begun[row]) return `block ${blocks[row]}: not reached yet`
  if (!cell) return `${where}: no number`
  const than = view.other ? `that of ${view.other.label}` : 'the error before'
  return `${where}: ${formatValue(cell.ratio)} × ${than}, mean squared error ${formatValue(cell.loss)}`
}

function tableOf({ blocks, columns, cells }: Shown): DataTable {
  const text = (row: number, column: number) => {
    const cell = cells[row * columns.length + column]
    return cell ? `${formatValue(cell.ratio)} ×` : '–'
  }
  return {
    heads: ['block', ...columns.map((range) => `step ${rangeText(range)}`)],
    rows: blocks.map((block, row) => ({ head: String(block), cells: columns.map((_, column) => text(row, column)) })),
  }
}
