// The page of a run: its stages, what recovery has won back, and below a picture for each stage. Everything is folded from events,
// so a finished run looks the same as a live one.
import '../shared/base.css'
import '../shared/chart.css'
import './run.css'
import { openPage } from '../shared/page.tsx'
import { BlockCard } from './blockCard.tsx'
import { Controls } from './controls.tsx'
import { Curves } from './curves.tsx'
import { ErrorMap } from './errorMap.tsx'
import { Head } from './head.tsx'
import { host } from './host.ts'
import { RecoveryCharts } from './recoveryCharts.tsx'
import { Stages } from './stages.tsx'
import { ErrorBars, SparsityMap } from './blocks.tsx'
import { MergedAdapters } from './mergedAdapters.tsx'
import { ResultCard } from './resultCard.tsx'
import { SampleTexts } from './sampleTexts.tsx'
import { receive } from './store.ts'
import { TaskTable } from './taskTable.tsx'

function RunPage() {
  return (
    <>
      <Head />
      <Stages />
      <RecoveryCharts />
      <ResultCard />
      <Controls />
      <BlockCard />
      <div class="tiled charts">
        <ErrorBars />
        <Curves />
      </div>
      <div class="tiled charts">
        <SparsityMap />
        <ErrorMap />
      </div>
      <MergedAdapters />
      <TaskTable />
      <SampleTexts />
    </>
  )
}

openPage(host, { receive, opens: ['runs'], Page: RunPage })
