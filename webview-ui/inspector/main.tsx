// The inspector's page: one checkpoint as a map, a table and one tensor in detail.
import '../shared/base.css'
import '../shared/columns.css'
import './inspector.css'
import { svgFile } from '../../src/charts/shape.ts'
import type { ExportFormat, ToInspector } from '../../src/protocol/view.ts'
import { rasterise } from '../shared/figure.tsx'
import { gridFigure } from '../shared/mapFigure.tsx'
import { openPage, type PageMessage } from '../shared/page.tsx'
import { DetailPane } from './detail.tsx'
import { csvFile, htmlFile, jsonFile } from './exportFiles.ts'
import { Head } from './head.tsx'
import {
  heat,
  host,
  known,
  measurable,
  measured,
  measuringEnded,
  model,
  openModel,
  recall,
  scanEnded,
  scanned,
  select,
} from './store.ts'
import { MapCard } from './mapCard.tsx'
import { TableCard, tensors } from './tensorTable.tsx'

function InspectorPage() {
  if (!model.value) return null
  return (
    <>
      <Head model={model.value} />
      <div class="columns">
        <div class="stack">
          <MapCard />
          <TableCard />
        </div>
        <DetailPane />
      </div>
    </>
  )
}

function receive(message: PageMessage<ToInspector>): void {
  switch (message.type) {
    case 'model': {
      const restore = recall()
      openModel(message)
      return restore()
    }
    case 'scan':
      return scanned(message.progress)
    case 'scanEnd':
      return scanEnded(message.result)
    case 'analysis':
      return measured(message.update)
    case 'analysisEnd':
      return measuringEnded(message.problem)
    case 'measurable':
      return void (measurable.value = message.soFar)
    case 'select': {
      const tensor = model.value?.tensors.find(({ name }) => name === message.name)
      return tensor && select(tensor, 'host')
    }
    case 'exportNow':
      return void exportAs(message.format)
  }
}

async function exportAs(format: ExportFormat): Promise<void> {
  const m = model.value
  if (!m) return
  const rows = tensors.rows.value
  const { words } = heat.value
  const picture = () => svgFile(gridFigure(heat.value, `${m.label}: ${words.title} by block and module`, words))
  const contents: Record<typeof format, () => string | Promise<string>> = {
    csv: () => csvFile(rows, known.value),
    json: () => jsonFile(m, rows, known.value),
    svg: picture,
    png: () => rasterise(picture()),
    html: () => htmlFile(m, rows, known.value.stats, picture()),
  }
  const name = `${m.label.replace(/[^\w.-]+/g, '_')}-sparsity.${format}`
  const encoding = format === 'png' ? 'base64' : 'utf8'
  host.post({ type: 'export', name, content: await contents[format](), encoding })
}

window.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== 'f') return
  event.preventDefault()
  document.querySelector<HTMLInputElement>('.filter input')?.select()
})

openPage(host, { receive, opens: ['model'], Page: InspectorPage })
