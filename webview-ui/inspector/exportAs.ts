// Saves what is shown.
import type { ExportFile, ExportFormat } from '../../src/shared/protocol/view.ts'
import { gridFigure } from '../shared/gridSvg.ts'
import { rasterise } from '../shared/shapes.ts'
import { heat, measure, words } from './colouring.ts'
import { csvFile, htmlFile, jsonFile, pngFile, svgFile } from './exportFiles.ts'
import { host } from './host.ts'
import { plannedMeasure } from './plan.ts'
import { plan } from './planStore.ts'
import { known, model } from './store.ts'
import { rows } from './tensorTable.ts'

export async function exportAs(format: ExportFormat): Promise<void> {
  const m = model.value
  if (!m) return
  const figure = () =>
    gridFigure(heat.value, { title: `${m.label}: ${measure.value.title} by block and module`, legend: words.value })
  const files: Record<ExportFormat, () => ExportFile | Promise<ExportFile>> = {
    csv: () => csvFile(m, rows.value, known.value, plan.value ? [plannedMeasure(plan.value)] : []),
    json: () => jsonFile(m, rows.value, known.value),
    svg: () => svgFile(m, figure()),
    png: async () => pngFile(m, await rasterise(figure())),
    html: () => htmlFile(m, rows.value, known.value.stats, figure()),
  }
  host.post(await files[format]())
}
