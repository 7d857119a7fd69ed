// Pictures of the blocks: how much of its error each recovery leaves, and where zeros are.
import { blockErrors, recoveriesWithErrors } from '../../src/runs/series/blockErrors.ts'
import { errorBars } from '../../src/charts/runCharts.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import { Bars } from '../shared/bars.tsx'
import { Button } from '../shared/button.tsx'
import { blockGridData, blockMap, blockTable, describeBlockCell, zeroWords } from '../shared/blockGrid.ts'
import { MapFigure } from '../shared/mapFigure.tsx'
import { useBlockMark } from './blockMark.ts'
import { all, pickedBlock, picture } from './store.ts'

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
      <Bars data={data} picked={pickedBlock.value} onPick={(block) => (pickedBlock.value = block)} />
      {outliers.length > 0 && (
        <p class="row outliers">
          Stand out:{' '}
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
