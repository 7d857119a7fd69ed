// The page of a run: how much of the gap recovery has closed, its stages, and a picture for each. Everything is computed from
// events, so a finished run looks the same as a live one.
import '../shared/base.css'
import '../shared/chart.css'
import './run.css'
import { useSignal } from '@preact/signals'
import { runLabel } from '../../src/formatting/paths.ts'
import { plural } from '../../src/formatting/numbers.ts'
import { openPage } from '../shared/page.tsx'
import { BlockCard, ErrorBars, MergedAdapters, SparsityMap } from './blocks.tsx'
import { Curves, RecoveryCharts } from './curves.tsx'
import { SampleTexts, TaskTable } from './evaluations.tsx'
import { Head, Stages } from './head.tsx'
import { current, host, overlaid, overlay, receive, runs } from './store.ts'

function RunPage() {
  return (
    <>
      <Head />
      <RecoveryCharts />
      <Stages />
      <Overlays />
      <BlockCard />
      <div class="tiled charts">
        <ErrorBars />
        <Curves />
      </div>
      <SparsityMap />
      <MergedAdapters />
      <TaskTable />
      <SampleTexts />
    </>
  )
}

/** The other runs that can be overlaid on this one. */
function Overlays() {
  const open = useSignal(true)
  const others = runs.value.filter(({ folder }) => folder !== current.value)
  if (others.length === 0) return null
  const on = others.filter(({ folder }) => overlaid.value.has(folder)).length
  const all = plural(others.length, 'other run')
  return (
    <details open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{on === 0 ? `Overlay: ${all}` : `Overlay: ${on} of ${all}`}</summary>
      <div class="tiled overlayList" role="group" aria-label="Runs overlaid on this one">
        {others.map((run) => (
          <label key={run.folder} class="cut" title={run.folder}>
            <input
              type="checkbox"
              checked={overlaid.value.has(run.folder)}
              onChange={(event) => overlay(run.folder, event.currentTarget.checked)}
            />{' '}
            <span>{run.status === 'done' ? runLabel(run) : `${runLabel(run)}, ${run.status}`}</span>
          </label>
        ))}
      </div>
    </details>
  )
}

openPage(host, { receive, opens: ['runs'], Page: RunPage })
