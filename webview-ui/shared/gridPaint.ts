// Paints a heatmap in the colours of the theme.
import type { GridData, GridRange, Place } from './gridData.ts'
import { labelEvery, type GridLayout } from './gridLayout.ts'
import { inkOn } from './contrast.ts'
import { theme as shown, type Theme } from './theme.ts'

export function paintGrid(
  context: CanvasRenderingContext2D,
  layout: GridLayout,
  data: GridData,
  selected: Place | null,
  range: GridRange | null,
): void {
  const theme = shown.value
  context.clearRect(0, 0, layout.width, layout.height)
  paintNames(context, layout, data, theme)
  for (let row = 0; row < layout.rows; row++) {
    for (let column = 0; column < layout.columns; column++) {
      const cell = data.cells[row * layout.columns + column]
      if (!cell) continue
      const x = layout.left + column * layout.cellWidth
      const y = layout.top + row * layout.cellHeight
      paintCell(context, layout, theme, data, x, y, cell)
    }
  }
  if (range) paintRange(context, layout, theme, range)
  if (!selected || range) return
  const x = layout.left + selected.column * layout.cellWidth
  const y = layout.top + selected.row * layout.cellHeight
  const [width, height] = [layout.cellWidth - 1, layout.cellHeight - 1]
  context.lineWidth = 2
  // A cell may have the colour of the focus: a second line inside of it, in the ink of the cell, is always seen.
  const value = data.cells[selected.row * layout.columns + selected.column]?.value ?? null
  context.strokeStyle = value === null ? theme.text : inkOn(data.colour(value))
  context.strokeRect(x + 2, y + 2, width - 4, height - 4)
  context.strokeStyle = theme.focus
  context.strokeRect(x, y, width, height)
}

function paintRange(
  context: CanvasRenderingContext2D,
  layout: GridLayout,
  theme: Theme,
  { from, to }: GridRange,
): void {
  const x = layout.left + from.column * layout.cellWidth
  const y = layout.top + from.row * layout.cellHeight
  const width = (to.column - from.column + 1) * layout.cellWidth - 1
  const height = (to.row - from.row + 1) * layout.cellHeight - 1
  // Two lines of two colours are seen on cells of any.
  context.lineWidth = 4
  context.strokeStyle = theme.paper ?? theme.text
  context.strokeRect(x, y, width, height)
  context.lineWidth = 2
  context.strokeStyle = theme.focus
  context.strokeRect(x, y, width, height)
}

function paintCell(
  context: CanvasRenderingContext2D,
  layout: GridLayout,
  theme: Theme,
  data: GridData,
  x: number,
  y: number,
  cell: { value: number | null; text: string },
): void {
  const width = layout.cellWidth - 1
  const height = layout.cellHeight - 1
  if (cell.value === null) {
    hatch(context, theme.notComputed, x, y, width, height)
  } else {
    const colour = data.colour(cell.value)
    context.fillStyle = colour
    context.fillRect(x, y, width, height)
    if (width >= 30 && height >= 13) {
      context.fillStyle = inkOn(colour)
      context.font = `10px ${theme.font}`
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.fillText(cell.text, x + width / 2, y + height / 2 + 0.5)
    }
  }
  if (theme.highContrast) {
    context.strokeStyle = theme.border
    context.lineWidth = 1
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
  }
}

/** Diagonal lines: "not computed" must never look like a number. */
function hatch(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.save()
  context.beginPath()
  context.rect(x, y, width, height)
  context.clip()
  context.globalAlpha = 0.45
  context.strokeStyle = colour
  context.lineWidth = 1
  context.beginPath()
  for (let offset = -height; offset < width; offset += 5) {
    context.moveTo(x + offset, y + height)
    context.lineTo(x + offset + height, y)
  }
  context.stroke()
  context.restore()
}

function paintNames(context: CanvasRenderingContext2D, layout: GridLayout, data: GridData, theme: Theme): void {
  context.fillStyle = theme.text
  context.font = `11px ${theme.font}`
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  const every = labelEvery(layout)
  data.rows.forEach((name, row) => {
    if (row % every !== 0) return
    context.fillText(name, layout.left - 6, layout.top + (row + 0.5) * layout.cellHeight)
  })
  context.textAlign = layout.slanted ? 'left' : 'center'
  data.columns.forEach((name, column) => {
    context.save()
    context.translate(layout.left + (column + 0.5) * layout.cellWidth, layout.top - (layout.slanted ? 6 : 10))
    if (layout.slanted) context.rotate(-Math.PI / 4)
    context.fillText(name, 0, 0)
    context.restore()
  })
}
