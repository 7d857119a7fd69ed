// The hero of the page: dense, pruned and recovered on one axis, what recovery won back shaded and said in words.
import { useRef, useState } from 'preact/hooks'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import { drawLadder, ladderFigure, ladderHeight } from '../../src/shared/chart/drawLadder.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import { ladderTitle } from '../../src/shared/series/ladder.ts'

import { DataTableView } from '../shared/dataTable.tsx'
import { drawn, useWidth } from '../shared/drawn.tsx'
import { asTableSwitch, FigureHead } from '../shared/figureHead.tsx'
import { themeChanges, themeInk } from '../shared/theme.ts'
import { host } from './host.ts'
import { ladders, picture, type LadderGroup } from './store.ts'

export function Ladders() {
  return (
    <section class="card ladders" aria-label="What pruning cost and recovery wins back">
      {ladders.value.map((group, i) => (
        <LadderFigure group={group} titled={i === 0} />
      ))}
    </section>
  )
}

const stages = ['dense', 'pruned', 'recovered'] as const

function LadderFigure({ group: { name, rows }, titled }: { group: LadderGroup; titled: boolean }) {
  const [asTable, setAsTable] = useState(false)
  const what = ladderTitle(picture.value)
  const title = titled ? what : `${what}: ${name}`
  const figure = () => {
    const shape = ladderFigure(rows, `${what}: ${name}`)
    return shape && svgFile(shape)
  }
  const table: DataTable = {
    heads: ['run', ...stages, 'won back'],
    rows: rows.map(({ label, ladder: { marks, wonBack } }) => ({
      head: label,
      cells: [
        ...stages.map((stage) => marks[stage]?.text ?? '–'),
        wonBack === null ? '–' : `${(100 * wonBack).toFixed(0)} %`,
      ],
    })),
  }
  const csv = () =>
    toCsv(
      ['run', ...stages],
      rows.map(({ label, ladder }) => [label, ...stages.map((stage) => ladder.marks[stage]?.value)]),
    )
  const switches = [asTableSwitch(asTable, setAsTable)]
  const words = rows.at(0)?.ladder.words ?? 'Nothing is measured yet.'
  return (
    <div>
      <FigureHead title={title} name="recovery" figure={figure} csv={csv} switches={switches} save={host.post} />
      <p class="ladderWords">{words}</p>
      {asTable ? <DataTableView label={title} table={table} /> : <LadderPicture rows={rows} />}
    </div>
  )
}

function LadderPicture({ rows }: Pick<LadderGroup, 'rows'>) {
  const place = useRef<HTMLDivElement>(null)
  const width = Math.max(300, useWidth(place))
  void themeChanges.value
  const drawing = drawLadder(rows, width, themeInk())
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
