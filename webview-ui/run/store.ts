// State of the page of a run: the shown runs, computed from their events, and the view options.
import { computed, effect, signal } from '@preact/signals'
import { emptyPicture, foldEvents } from '../../src/runs/series/foldRun.ts'
import { recoveryChartsOf, type RecoveryChart } from '../../src/runs/series/recoveryChart.ts'
import { stagesOfRun } from '../../src/runs/series/runStages.ts'
import { phaseName } from '../../src/runs/series/recoveries.ts'
import type { RunResult } from '../../src/runs/series/runResult.ts'
import type { ChartedRun } from '../../src/charts/runCharts.ts'
import { runLabel, runName } from '../../src/formatting/paths.ts'
import type { FromRun, RunListing, ToRun } from '../../src/protocol/view.ts'
import type { RunStatus } from '../../src/runs/series/foldRun.ts'
import { announce } from '../shared/announce.ts'
import type { ChartLook } from '../shared/chart.tsx'
import { onceAFrame } from '../shared/canvas.ts'
import type { PageMessage } from '../shared/page.tsx'
import { settings } from '../shared/settings.ts'
import { connectHost } from '../shared/host.ts'

/** The page's connection to the extension host. */
export const host = connectHost<ToRun, FromRun>()

export interface ShownRun extends ChartedRun {
  folder: string
}
export type ChartName = 'loss' | 'perplexity' | 'accuracy'
interface ViewOptions {
  /** null: not chosen, and the setting applies. */
  smoothing: number | null
  looks: Record<ChartName, ChartLook>
}

const linear: ChartLook = { logX: false, logY: false }
const stored = host.load() as { options?: Partial<ViewOptions>; overlays?: string[]; folder?: string }
export const options = signal<ViewOptions>({
  smoothing: stored.options?.smoothing ?? null,
  looks: { loss: linear, perplexity: linear, accuracy: linear, ...stored.options?.looks },
})
export const smoothing = computed(() => options.value.smoothing ?? settings.value.smoothing)

export const runs = signal<RunListing[]>([])
export const current = signal(stored.folder ?? '')
export const result = signal<RunResult | null>(null)
/** Folders of the runs that the user has overlaid, out of all in `runs`. */
export const overlaid = signal<ReadonlySet<string>>(new Set(stored.overlays))
/** The block that all maps and curves mark. */
export const pickedBlock = signal<number | null>(null)
effect(() => host.save({ folder: current.value, overlays: [...overlaid.value], options: options.value }))

const shown = new Map<string, ShownRun>()
/** Counts drawn frames. Events change the pictures of runs in place, often many times a frame, and a frame draws them once. */
const frames = signal(0)
const draw = onceAFrame(() => frames.value++)

/** The run of the page, then the overlaid ones; empty before its first event. */
export const all = computed((): ShownRun[] => {
  void frames.value
  const own = shown.get(current.value)
  const others = [...shown.values()].filter((run) => run !== own)
  return own ? [own, ...others].map((run) => ({ ...run, picture: { ...run.picture } })) : []
})
export const picture = computed(() => all.value.at(0)?.picture ?? emptyPicture())
export const listed = computed(() => runs.value.find(({ folder }) => folder === current.value))
/** The status from the host, unless an end event has been written. */
export const status = computed((): RunStatus => picture.value.end?.status ?? listed.value?.status ?? 'interrupted')
export const isLive = computed(() => status.value === 'running' || status.value === 'paused')
export const runStages = computed(() => {
  return stagesOfRun(picture.value, isLive.value ? 'live' : status.value === 'done' ? 'done' : 'stopped')
})

export interface RecoveryChartGroup {
  readonly name: string
  readonly rows: readonly { label: string; index: number; chart: RecoveryChart }[]
}
/** Recovery charts of the run, each with the same measurement of the overlaid runs. */
export const recoveryCharts = computed((): RecoveryChartGroup[] => {
  const known = all.value.map(({ label, index, picture: one }) => ({ label, index, charts: recoveryChartsOf(one) }))
  const own = known.at(0)?.charts ?? recoveryChartsOf(picture.value)
  return own.map(({ name }, i) => ({
    name,
    rows: known.flatMap(({ label, index, charts: found }) => {
      const chart = index === 0 ? found[i] : found.find((other) => other.name === name)
      return chart ? [{ label, index, chart }] : []
    }),
  }))
})

export function receive(message: PageMessage<ToRun>): void {
  switch (message.type) {
    case 'runs': {
      const isFirst = runs.value.length === 0
      current.value = message.current
      runs.value = message.runs
      if (isFirst) for (const folder of overlaid.value) host.post({ type: 'overlay', folder })
      return
    }
    case 'events':
      return addEvents(message)
    case 'runResult':
      result.value = message.result
      return
  }
}

export function overlay(folder: string, on: boolean): void {
  const next = new Set(overlaid.value)
  if (on) next.add(folder)
  else next.delete(folder)
  overlaid.value = next
  if (on) return host.post({ type: 'overlay', folder })
  shown.delete(folder)
  draw()
}

function addEvents({ folder, from, events }: Extract<ToRun, { type: 'events' }>): void {
  const isOwn = folder === current.value
  if (!isOwn && !overlaid.value.has(folder)) return
  let run = shown.get(folder)
  if (!run && from > 0) return
  if (!run || from === 0) {
    const known = runs.value.find((one) => one.folder === folder)
    const label = runLabel(known ?? runName(folder.split(/[\\/]/).at(-1) ?? ''))
    run = { folder, label, index: isOwn ? 0 : (run?.index ?? freeIndex()), picture: emptyPicture() }
    shown.set(folder, run)
  }
  // Skips events that were sent twice. There is no gap, since the host sends them in order.
  const seen = run.picture.numEvents - from
  const phases = run.picture.phases.length
  foldEvents(run.picture, events.slice(Math.max(0, seen)))
  const latest = run.picture.phases.at(-1)
  if (isOwn && latest && run.picture.phases.length > phases) announce(phaseName(latest))
  draw()
}

function freeIndex(): number {
  const used = new Set([...shown.values()].map(({ index }) => index))
  let index = 1
  while (used.has(index)) index++
  return index
}
