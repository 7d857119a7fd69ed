// Block × step heatmap of the errors of a reconstruction.
import { useState } from 'preact/hooks'
import { formatValue } from '../../src/formatting/numbers.ts'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { errorSteps, recoveriesWithSteps, type ErrorSteps, type StepRange } from '../../src/runs/series/blockErrors.ts'
import { recoveryName } from '../../src/runs/series/recoveries.ts'
import type { GridData } from '../shared/gridData.ts'
import type { LegendWords } from '../shared/legend.tsx'
import { MapFigure } from '../shared/mapFigure.tsx'
import { Select } from '../shared/parts.tsx'
import { chosenColour } from '../shared/settings.ts'
import { useBlockMark } from './blocks.tsx'
import { all, pickedBlock, picture } from './store.ts'

interface Shown extends ErrorSteps {
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
  const recoveries = recoveriesWithSteps(picture.value)
  const recovery = recoveries.find((one) => String(one) === chosen) ?? recoveries.at(0)
  const shown = recovery === undefined ? null : show(recovery)
  const mark = useBlockMark(shown?.columns.length ?? 0)
  if (!shown) return null
  return (
    <section class="card">
      <MapFigure
        title={title}
        name="errors-by-step"
        data={gridData(shown)}
        words={wordsOf(shown)}
        caption={all.value[0].label}
        table={() => tableOf(shown)}
        describe={(row, column) => describe(shown, row, column)}
        onSelect={(row) => (pickedBlock.value = shown.blocks[row])}
        mark={mark}
        tools={
          recoveries.length > 1 && (
            <Select
              label="Errors of"
              options={recoveries.map((one) => ({ value: String(one), text: titleOf(one) }))}
              value={String(recovery)}
              onChoose={choose}
            />
          )
        }
      />
    </section>
  )
}

const titleOf = (recovery: number) => recoveryName(recovery, picture.value.recoveries[recovery] ?? '')

function show(recovery: number): Shown {
  const steps = errorSteps(picture.value, recovery)
  const logs = steps.cells.flatMap((cell) => (cell && cell.ratio > 0 ? [Math.log(cell.ratio)] : []))
  return { ...steps, low: Math.min(-least, ...logs), high: Math.max(0, ...logs) }
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
    colour: chosenColour,
  }
}

/** A ratio short enough for a narrow cell. */
const shortText = (ratio: number) => formatValue(Number(ratio.toPrecision(2)))

const rangeText = ({ from, to }: StepRange) => (from === to ? String(from) : `${from}–${to}`)

function wordsOf({ low, high }: Shown): LegendWords {
  const factor = (log: number) => `${formatValue(Math.exp(log))} ×`
  // One value alone has no scale.
  const isOne = high === 0 && low === -least
  const title = 'Error over the block’s error before (log)'
  return { title, low: isOne ? '' : factor(low), high: factor(high), notComputed: 'no number' }
}

function describe({ blocks, begun, columns, cells }: Shown, row: number, column: number): string {
  const range = columns[column]
  const cell = cells[row * columns.length + column]
  if (!range) return ''
  const where = `block ${blocks[row]}, ${range.from === range.to ? 'step' : 'steps'} ${rangeText(range)}`
  if (!begun[row]) return `block ${blocks[row]}: not reached yet`
  if (!cell) return `${where}: no number`
  return `${where}: ${formatValue(cell.ratio)} × the error before, mean squared error ${formatValue(cell.loss)}`
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
