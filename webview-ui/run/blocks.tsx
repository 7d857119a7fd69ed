// The blocks: the error that each recovery leaves, the zeros, the updates that merging an adapter cut off, and the picked block.
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { blockErrors, recoveriesWithErrors } from '../../src/runs/series/blockErrors.ts'
import { errorBars } from '../../src/charts/runCharts.ts'
import { formatDuration, formatShare, formatValue } from '../../src/formatting/numbers.ts'
import { Bars } from '../shared/bars.tsx'
import { Button } from '../shared/button.tsx'
import { blockGridData, blockMap, blockTable, describeBlockCell, placeOf, zeroWords } from '../shared/blockGrid.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { all, host, pickedBlock, picture } from './store.ts'
import {
  cutText,
  mergedHeads,
  mergedRows,
  mergedTitle,
  modesOf,
  recoveryName,
} from '../../src/runs/series/recoveries.ts'
import { type GridMark, nothingMarked } from '../shared/gridLayout.ts'
import { DataTableView } from '../shared/figure.tsx'

/** One picture per recovery that works block by block, with one bar per block. */
export function ErrorBars() {
  return (
    <>
      {recoveriesWithErrors(picture.value).map((recovery) => (
        <ErrorsOf key={recovery} recovery={recovery} />
      ))}
    </>
  )
}

function ErrorsOf({ recovery }: { recovery: number }) {
  const data = errorBars(all.value, recovery)
  const outliers = blockErrors(picture.value, recovery).filter(({ outlier }) => outlier)
  return (
    <div class="card">
      <Bars data={data} picked={pickedBlock.value} onPick={(block) => (pickedBlock.value = block)} />
      {outliers.length > 0 && (
        <p class="row outliers">
          Outliers:{' '}
          {outliers.map(({ block, left }) => (
            <Button look="secondary small" act={() => (pickedBlock.value = block)}>
              block {block}, {formatShare(left)} left
            </Button>
          ))}
        </p>
      )}
    </div>
  )
}

export function SparsityMap() {
  const map = blockMap(picture.value)
  const mark = useBlockMark(map.modules.length)
  if (map.modules.length === 0) return null
  return (
    <section class="card">
      <MapFigure
        title="Sparsity by block and module"
        name="sparsity"
        label="Sparsity of the blocks so far"
        data={blockGridData(map)}
        words={zeroWords}
        caption={all.value[0].label}
        table={() => blockTable(map)}
        describe={(row, column) => describeBlockCell(map, picture.value, row, column)}
        onSelect={(row) => (pickedBlock.value = row)}
        mark={mark}
      />
    </section>
  )
}

/** The picked block: its errors, and its matrices, which open in the Inspector. */
export function BlockCard() {
  const block = pickedBlock.value
  if (block === null) return null
  const found = picture.value.blocks.get(block)
  const modes = modesOf(picture.value)
  const errors = [...(found?.errors ?? [])].map(([recovery, { before, after }]) => {
    const name = modes.length > 1 ? recoveryName(recovery, modes[recovery] ?? '') : (modes[0] ?? 'recovery')
    return `${name}: mean squared error ${formatValue(before)} → ${formatValue(after)}`
  })
  const matrices = Object.entries(found?.modules ?? {})
  return (
    <section class="card" aria-label={`Block ${block}`}>
      <div class="head">
        <h2>Block {block}</h2>
        <Button look="secondary small" act={() => (pickedBlock.value = null)}>
          Close
        </Button>
      </div>
      <p class="muted">
        {found ? [...errors, formatDuration(found.seconds)].join(' · ') : 'Neither pruned nor recovered yet.'}
      </p>
      {matrices.length > 0 && (
        <div class="row">
          <span>Open in the Inspector:</span>
          {matrices.map(([name, { sparsity }]) => (
            <Button look="link" title={name} act={() => host.post({ type: 'openMatrix', name })}>
              {placeOf(name).module} {formatShare(sparsity)}
            </Button>
          ))}
        </div>
      )}
    </section>
  )
}

/** The picked block as the marked row of a map with this many columns. */
export function useBlockMark(columns: number): Signal<GridMark> {
  const mark = useSignal(nothingMarked)
  useEffect(() => {
    const row = pickedBlock.value
    const { at } = mark.peek()
    if (row === null) mark.value = nothingMarked
    else if (at?.row !== row) mark.value = { at: { row, column: 0 }, anchor: { row, column: columns - 1 } }
  }, [pickedBlock.value])
  return mark
}

/** Share of each merged adapter's update that the mask cut off, by kind of matrix. */
export function MergedAdapters() {
  const { merges } = picture.value
  return (
    <>
      {[...merges].map(([recovery, updates]) => {
        const modules = Object.fromEntries(updates)
        const title = recovery > 0 ? `${mergedTitle}: ${recoveryName(recovery, 'merge')}` : mergedTitle
        const rows = mergedRows(modules).map(([head, ...cells]) => ({ head, cells }))
        return (
          <section class="card" key={recovery}>
            <h2>{title}</h2>
            <p>{cutText(modules)}</p>
            <DataTableView label={title} table={{ heads: mergedHeads, rows }} />
          </section>
        )
      })}
    </>
  )
}
