// The inspector's page: one checkpoint as a map, a table and one tensor in detail.
import '../shared/base.css'
import '../shared/columns.css'
import './inspector.css'
import { openPage, type PageMessage } from '../shared/page.tsx'
import type { ToInspector } from '../../src/protocol/view.ts'
import { DetailPane } from './detail.tsx'
import { exportAs } from './exportAs.ts'
import { Head } from './head.tsx'
import {
  host,
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
import { TableCard } from './tensorTable.tsx'

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
      return void (measurable.value = message.methods)
    case 'select': {
      const tensor = model.value?.tensors.find(({ name }) => name === message.name)
      return tensor && select(tensor, 'host')
    }
    case 'exportNow':
      return void exportAs(message.format)
  }
}

window.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== 'f') return
  event.preventDefault()
  document.querySelector<HTMLInputElement>('.filter input')?.select()
})

openPage(host, { receive, opens: ['model'], Page: InspectorPage })
