// Pictures of the blocks: how much of its error each recovery leaves, and where zeros are.
import { blockErrors, recoveriesWithErrors } from '../../src/shared/series/blockErrors.ts'
import { errorBars } from '../../src/shared/chart/errorBars.ts'
import { formatShare } from '../../src/shared/format/numbers.ts'
import { useState } from 'preact/hooks'
import { Bars } from '../shared/bars.tsx'
import { blockGridData, blockMap, blockTable, describeBlockCell } from '../shared/blockGrid.ts'
import { DataTableView } from '../shared/dataTable.tsx'
import { asTableSwitch, FigureHead, tableCsv } from '../shared/figureHead.tsx'
import { Grid } from '../shared/grid.tsx'
import { hatchNamed } from '../shared/gridData.ts'
import { gridFigure } from '../shared/gridSvg.ts'
import type { LegendWords } from '../shared/legend.ts'
import { ScaleLegend } from '../shared/scaleLegend.tsx'
import { useBlockMark } from './blockMark.ts'
import { host } from './host.ts'
import { all, colour, pickedBlock, picture } from './store.ts'

/** One picture for each recovery that works block by block: a bar for each block. */
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
      <Bars data={data} picked={pickedBlock.value} onPick={(block) => (pickedBlock.value = block)} save={host.post} />
      {outliers.length > 0 && (
        <p class="outliers">
          Stand out:{' '}
          {outliers.map(({ block, left }) => (
            <button type="button" class="secondary small" onClick={() => (pickedBlock.value = block)}>
              block {block}, {formatShare(left)} left
            </button>
          ))}
        </p>
      )}
    </div>
  )
}

const title = 'Sparsity by block and module'
const words: LegendWords = { title: 'Zeros', low: '0 %', high: '100 %', notComputed: 'not pruned yet' }

export function SparsityMap() {
  const [asTable, setAsTable] = useState(false)
  const map = blockMap(picture.value)
  const mark = useBlockMark(map.columns.length)
  if (map.columns.length === 0) return null
  const data = blockGridData(map, colour)
  const table = () => blockTable(map)
  return (
    <section class="card">
      <FigureHead
        title={title}
        name="sparsity"
        figure={() => gridFigure(data, { title, legend: words, caption: all.value[0].label })}
        csv={() => tableCsv(table())}
        switches={[asTableSwitch(asTable, setAsTable)]}
        save={host.post}
      />
      {asTable ? (
        <DataTableView label={title} table={table()} />
      ) : (
        <>
          <Grid
            label="Sparsity of the blocks so far"
            data={data}
            describe={(row, column) => describeBlockCell(map, picture.value, row, column)}
            onSelect={(row) => (pickedBlock.value = row)}
            mark={mark}
          />
          <ScaleLegend words={hatchNamed(words, data)} colour={colour} />
        </>
      )}
    </section>
  )
}
