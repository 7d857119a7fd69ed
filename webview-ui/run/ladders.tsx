// The hero of the page: dense, pruned and recovered on one axis, what recovery won back shaded and said in words.
import type { DataTable } from '../../src/charts/chartTable.ts'
import { drawLadder, ladderFigure, ladderHeight } from '../../src/charts/drawRecoveryChart.ts'
import { toCsv } from '../../src/formatting/csv.ts'
import { formatWonBack } from '../../src/formatting/numbers.ts'
import { ladderTitle } from '../../src/runs/series/recoveryChart.ts'
import { drawn } from '../shared/drawn.tsx'
import { Figure } from '../shared/figure.tsx'
import { useRoomFor } from '../shared/picture.tsx'
import { theme } from '../shared/theme.ts'
import { ladders, picture, type LadderGroup } from './store.ts'
import { stages } from '../../src/catalog/stages.ts'

export function Ladders() {
  return (
    <section class="card ladders" aria-label="What pruning cost and recovery wins back">
      {ladders.value.map((group, i) => (
        <LadderFigure group={group} titled={i === 0} />
      ))}
    </section>
  )
}

function LadderFigure({ group: { name, rows }, titled }: { group: LadderGroup; titled: boolean }) {
  const what = ladderTitle(picture.value)
  const table = (): DataTable => ({
    heads: ['run', ...stages, 'won back'],
    rows: rows.map(({ label, ladder: { marks, wonBack, better } }) => ({
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
      rows.map(({ label, ladder }) => [label, ...stages.map((stage) => ladder.marks[stage]?.value)]),
    )
  return (
    <Figure
      title={titled ? what : `${what}: ${name}`}
      name="recovery"
      figure={() => ladderFigure(rows, `${what}: ${name}`)}
      csv={csv}
      table={table}
    >
      <p class="ladderWords">{rows.at(0)?.ladder.words ?? 'Nothing is measured yet.'}</p>
      <LadderPicture rows={rows} />
    </Figure>
  )
}

function LadderPicture({ rows }: Pick<LadderGroup, 'rows'>) {
  const { place, width } = useRoomFor(300)
  const drawing = drawLadder(rows, width, theme.value)
  return (
    <div ref={place} class="ladderPicture">
      {drawing && (
        <svg
          width={width}
          height={ladderHeight(rows)}
          role="img"
          aria-label={rows.map(({ ladder }) => ladder.words).join(' ')}
        >
          {drawn(drawing)}
        </svg>
      )}
    </div>
  )
}
