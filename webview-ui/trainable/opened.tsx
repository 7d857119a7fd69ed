// One opened cell of the map: its mask, which parameters train, the factors of its adapter, and how far it moved.
import { useLayoutEffect, useState } from 'preact/hooks'
import { adapterOf, isAdapterName } from '../../src/catalog/adapters/adapters.ts'
import { type Cell, cellFacts, movedMost, placeText, whatMoves } from '../../src/charts/modelCells.ts'
import { formatCount } from '../../src/formatting/numbers.ts'
import type { StageRow } from '../../src/plan/stageView.ts'
import type { Tile } from '../../src/protocol/inspect.ts'
import type { Movement } from '../../src/runs/series/events.ts'
import { bytesOf, ask } from '../shared/host.ts'
import { Button } from '../shared/button.tsx'
import { rgbOf } from '../shared/palette.ts'
import { Facts } from '../shared/parts.tsx'
import { theme } from '../shared/theme.ts'
import { isEditable, median, moved, planned, shown, stage, training } from './store.ts'

export function OpenedCell({ cell, open }: { cell: Cell; open: (name: string) => void }) {
  const row = movedMost(cell, moved.value) ?? cell.rows.find(({ role }) => role !== 'bias') ?? cell.rows[0]
  const known = moved.value?.[row.name]
  const isMatrix = row.shape.length === 2
  const experts = cell.rows.filter(({ role }) => role === 'linear').length
  return (
    <section class="openedPane" aria-label="Opened">
      <h2>{`${placeText(cell)[0].toUpperCase()}${placeText(cell).slice(1)}`}</h2>
      <p class="muted small mono">{row.name}</p>
      {isMatrix && row.role === 'linear' && <MatrixPicture key={row.name} row={row} known={known} />}
      <Facts
        facts={cellFacts({
          row,
          movement: known,
          untold: untold(),
          median: median.value,
          isPlanned: !(row.name in training.value.sparsities),
          experts,
        })}
      />
      {shown.value?.hasWeights && isMatrix && (
        <Button look="link" act={() => open(row.name)}>
          Open the matrix
        </Button>
      )}
    </section>
  )
}

function maskText(): string {
  if (shown.value?.hasWeights) return 'reading…'
  return isEditable.value ? 'mask: known after pruning' : 'mask: shown once it is saved'
}

function untold(): string {
  if (isEditable.value) return 'known after a run'
  return training.value.at ? 'not yet' : 'this run did not record it'
}

/** CSS pixels along the longer side, mask pixels along that side, and CSS pixels that each factor's strip takes. */
const [side, cells, strip] = [236, 64, 34]

function MatrixPicture({ row, known }: { row: StageRow; known: Movement | undefined }) {
  const { shape, by, kind, sparsity } = row
  const [rows, columns] = shape
  const wide = Math.round(Math.max(side / 4, side * Math.min(1, columns / rows)))
  const tall = Math.round(Math.max(side / 4, side * Math.min(1, rows / columns)))
  const mask = useMask(row, Math.ceil((cells * wide) / side), Math.ceil((cells * tall) / side))
  const factors = isAdapterName(by) ? adapterOf(by) : null
  const rank = shown.value?.plan.recoveries[stage.value?.recovery ?? -1]?.rank ?? 0
  const inner = factors?.ranked ? rank : 1
  const colour = kind === 'frozen' ? 'var(--vscode-descriptionForeground)' : `var(--kind-${kind})`
  const [x, y] = [strip + 24, strip]
  const mark = (at: number, of: number, length: number) => (length * (at + 0.5)) / of
  return (
    <figure class="maskPicture">
      <svg viewBox={`0 0 ${x + wide + 20} ${y + tall + 12}`} width={x + wide + 20} height={y + tall + 12} role="img">
        <title>{whatMoves(row)}</title>
        {factors && (
          <g style={{ fill: colour }}>
            <rect x={x} y={strip - 14} width={wide} height={10} />
            <rect x={strip} y={y} width={10} height={tall} />
            <text
              class="small"
              x={x + wide / 2}
              y={strip - 19}
              text-anchor="middle"
            >{`A ${inner} × ${formatCount(columns)}`}</text>
            <text class="small" transform={`translate(${strip - 6} ${y + tall / 2}) rotate(-90)`} text-anchor="middle">
              {`B ${formatCount(rows)} × ${inner}`}
            </text>
          </g>
        )}
        <rect class="maskFrame" x={x} y={y} width={wide} height={tall} />
        {mask && <image href={mask} x={x} y={y} width={wide} height={tall} preserveAspectRatio="none" />}
        {!mask && sparsity > 0 && (
          <text class="small" x={x + wide / 2} y={y + tall / 2} text-anchor="middle">
            {maskText()}
          </text>
        )}
        {known?.rows.map(({ at }) => pointer(`row ${at}`, `M${x + wide + 3} ${y + mark(at, rows, tall)}l9 -4v8z`))}
        {known?.columns.map(({ at }) =>
          pointer(`column ${at}`, `M${x + mark(at, columns, wide)} ${y + tall + 3}l-4 9h8z`),
        )}
      </svg>
      <figcaption class="muted caption">{whatMoves(row)}</figcaption>
    </figure>
  )
}

const pointer = (says: string, d: string) => (
  <path class="movedMark" d={d}>
    <title>{says}</title>
  </path>
)

/** Data URL of a picture of the matrix's non-zeros, in the colour of its kind; null: not received yet. */
function useMask({ name, shape, transposed, kind }: StageRow, width: number, height: number): string | null {
  const [tile, setTile] = useState<Tile | null>(null)
  const has = shown.value?.hasWeights === true
  const { text } = theme.value
  useLayoutEffect(() => {
    if (!has) return
    const asked = new AbortController()
    const [rowEnd, columnEnd] = transposed ? [...shape].reverse() : shape
    const size = transposed ? { height: width, width: height } : { height, width }
    const part = { rowStart: 0, columnStart: 0, rowEnd, columnEnd, ...size }
    ask('tile', 'first', { name, slice: [], ...part }, asked.signal).then(
      setTile,
      () => asked.signal.aborted || setTile(null),
    )
    return () => asked.abort()
  }, [name, has, planned.value])
  if (!tile) return null
  const canvas = document.createElement('canvas')
  const [across, down] = transposed ? [tile.height, tile.width] : [tile.width, tile.height]
  canvas.width = across
  canvas.height = down
  const image = new ImageData(across, down)
  const kindColour = getComputedStyle(document.body).getPropertyValue(`--kind-${kind}`)
  const probe = canvas.getContext('2d')
  if (!probe) return null
  probe.fillStyle = kind === 'frozen' ? text : kindColour.trim() || text
  const [red, green, blue] = rgbOf(probe.fillStyle)
  const density = bytesOf(tile.density)
  for (let row = 0; row < down; row++)
    for (let column = 0; column < across; column++) {
      const share = density[transposed ? column * tile.width + row : row * tile.width + column]
      image.data.set([red, green, blue, share], 4 * (row * across + column))
    }
  probe.putImageData(image, 0, 0)
  return canvas.toDataURL()
}
