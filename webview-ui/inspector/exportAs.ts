// Saves the shown map or table, or all maps that have numbers.
import { shape, svgFile, type Shape } from '../../src/charts/shape.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import type { ExportFormat } from '../../src/protocol/view.ts'
import { gridFigure } from '../shared/mapFigure.tsx'
import { post } from '../shared/host.ts'
import { rasterise } from '../shared/figure.tsx'
import { heatOf, measure, measures, known, map, model } from './store.ts'
import { csvFile, htmlFile, jsonFile } from './exportFiles.ts'
import { cellValue, type Measure } from './measures.ts'
import { tensors } from './tensorTable.tsx'

export async function exportAs(format: ExportFormat): Promise<void> {
  const m = model.value
  if (!m) return
  const drawn = (one: Measure) => {
    const heat = heatOf(one)
    return gridFigure(heat, `${m.label}: ${one.title} by block and module`, heat.words)
  }
  const picture = () => svgFile(drawn(measure.value))
  const contents: Record<typeof format, () => string | Promise<string>> = {
    csv: () => csvFile(tensors.rows.value, known.value),
    json: () => jsonFile(m, tensors.rows.value, known.value),
    svg: picture,
    png: () => rasterise(picture()),
    html: () => htmlFile(m, tensors.rows.value, known.value.stats, picture()),
    'maps.svg': () => svgFile(belowOneAnother(mapsWithNumbers().map(drawn))),
    'maps.csv': () => mapsCsv(mapsWithNumbers()),
  }
  const name = `${m.label.replace(/[^\w.-]+/g, '_')}-sparsity.${format}`
  post({ type: 'export', name, content: await contents[format](), encoding: format === 'png' ? 'base64' : 'utf8' })
}

function mapsWithNumbers(): Measure[] {
  return measures.value.filter((one) => heatOf(one).cells.some((cell) => (cell?.value ?? null) !== null))
}

function belowOneAnother(figures: readonly Shape[]): Shape {
  let height = 0
  const placed = figures.map((figure): Shape => {
    const y = height
    height += Number(figure.attributes.height)
    return { ...figure, attributes: { ...figure.attributes, y } }
  })
  const width = Math.max(0, ...figures.map(({ attributes }) => Number(attributes.width)))
  return shape('svg', { viewBox: `0 0 ${width} ${height}`, width, height }, ...placed)
}

/** One line per cell of each map. */
function mapsCsv(maps: readonly Measure[]): string {
  const { blocks, modules, cells } = map.value
  const places = cells.map((cell, i) => ({
    cell,
    block: blocks[Math.floor(i / modules.length)],
    module: modules[i % modules.length],
  }))
  const lines = maps.flatMap((one) =>
    places.flatMap(({ cell, block, module }) =>
      cell ? [[one.title, block, module, cellValue(cell, one, known.value)]] : [],
    ),
  )
  return toCsv(['map', 'block', 'module', 'value'], lines)
}
