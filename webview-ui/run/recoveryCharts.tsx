// The main chart of the page: dense, pruned and recovered on one axis. The gap that recovery closed is shaded and stated in one sentence.
import type { DataTable } from '../../src/charts/chartValues.ts'
import { drawRecoveryChart, recoveryFigure, recoveryChartHeight } from '../../src/charts/drawRecoveryChart.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatWonBack } from '../../src/formatting/numbers.ts'
import { recoveryChartTitle } from '../../src/runs/series/recoveryChart.ts'
import { drawn, useRoomFor } from '../shared/picture.tsx'
import { Figure } from '../shared/figure.tsx'
import { Say } from '../shared/parts.tsx'
import { theme } from '../shared/theme.ts'
import { recoveryCharts, picture, type RecoveryChartGroup } from './store.ts'
import { stages } from '../../src/catalog/stages.ts'

export function RecoveryCharts() {
  return (
    <section class="recoveryCharts" aria-label="Cost of pruning and gap closed by recovery">
      {recoveryCharts.value.map((group, i) => (
        <RecoveryFigure group={group} titled={i === 0} />
      ))}
    </section>
  )
}

function RecoveryFigure({ group: { name, rows }, titled }: { group: RecoveryChartGroup; titled: boolean }) {
  const what = recoveryChartTitle(picture.value)
  const table = (): DataTable => ({
    heads: ['run', ...stages, 'gap closed'],
    rows: rows.map(({ label, chart: { marks, wonBack, better } }) => ({
      head: label,
      cells: [
        ...stages.map((stage) => marks[stage]?.text ?? '–'),
        wonBack === null ? '–' : formatWonBack(wonBack, better),
      ],
    })),
  })
  const csv = () =>
    toCsv(
      ['run', ...stages],
      rows.map(({ label, chart }) => [label, ...stages.map((stage) => chart.marks[stage]?.value)]),
    )
  return (
    <Figure
      title={titled ? what : `${what}: ${name}`}
      name="recovery"
      figure={() => recoveryFigure(rows, `${what}: ${name}`)}
      csv={csv}
      table={table}
    >
      <Say text={rows.at(0)?.chart.words ?? 'Nothing is measured yet.'} />
      <RecoveryPicture rows={rows} />
    </Figure>
  )
}

function RecoveryPicture({ rows }: Pick<RecoveryChartGroup, 'rows'>) {
  const { place, width } = useRoomFor(300)
  const drawing = drawRecoveryChart(rows, width, theme.value)
  return (
    <div ref={place} class="recoveryPicture">
      {drawing && (
        <svg
          width={width}
          height={recoveryChartHeight(rows)}
          role="img"
          aria-label={rows.map(({ chart }) => chart.words).join(' ')}
        >
          {drawn(drawing)}
        </svg>
      )}
    </div>
  )
}
