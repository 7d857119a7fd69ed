// The top of the run view: what runs, how far, how fast, and the buttons that act on it.
import { accuraciesOf } from '../../src/shared/series/accuracies.ts'
import { mainPerplexities, type RunPicture } from '../../src/shared/series/foldRun.ts'
import type { RunStatus } from '../../src/shared/protocol/view.ts'
import { formatBytes, megabyte } from '../../src/shared/format/byteSize.ts'
import { formatAccuracy, formatDuration, formatValue } from '../../src/shared/format/numbers.ts'
import { largest } from '../../src/shared/format/lists.ts'
import { phaseName, recoveryName } from '../../src/shared/series/recoveryName.ts'
import { runName } from '../../src/shared/format/runName.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export interface StatusActions {
  pause: (paused: boolean) => void
  cancel: () => void
  resume: () => void
  reveal: (what: 'output' | 'recipe' | 'report') => void
}

export interface StatusBar {
  element: HTMLElement
  /**
   * `hasResult`: the card of the result shows the numbers and has the buttons. `named`: as the host lists it; a run of a sweep
   * itself knows its number alone.
   */
  update(picture: RunPicture, status: RunStatus, hasResult: boolean, named?: { name: string; time: string }): void
}

const words: Record<RunStatus, string> = {
  running: 'running',
  paused: 'paused',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted: it can be resumed',
}

export function createStatusBar(actions: StatusActions): StatusBar {
  const title = h('h1')
  const facts = h('p', { class: 'muted' })
  const state = h('span', { class: 'badge' })
  const button = (text: string, act: () => void, plain = false) =>
    h('button', { type: 'button', class: plain ? null : 'secondary', onclick: act }, text)
  let paused = false
  const pause = button('Pause', () => actions.pause(!paused))
  const cancel = button('Cancel', actions.cancel)
  const resume = button('Resume', actions.resume, true)
  const report = button('Open report', () => actions.reveal('report'))
  const output = button('Open output', () => actions.reveal('output'))
  const recipe = button('Open recipe', () => actions.reveal('recipe'))
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Progress of the run' })
  const text = h('span', { class: 'muted', 'aria-live': 'off' })
  const stages = h('ol', { class: 'recoveryStages', 'aria-label': 'Recoveries of the run' })
  const message = h('p', { class: 'problem', role: 'alert' })
  const warnings = h('ul', { class: 'warnings' })
  const tiles = h('ul', { class: 'tiles', 'aria-label': 'Numbers of the run' })
  const buttons = h('div', { class: 'row' }, state, pause, cancel, resume, report, output, recipe)
  return {
    element: h(
      'header',
      {},
      h('div', { class: 'head' }, h('div', {}, title, facts), buttons),
      h('div', { class: 'row' }, bar, text),
      stages,
      message,
      warnings,
      tiles,
    ),
    update(picture, status, hasResult, named = runName(picture.name)) {
      const live = status === 'running' || status === 'paused'
      paused = status === 'paused'
      const { name, time } = named
      title.textContent = name || 'Run'
      facts.textContent = [time, picture.model, picture.device].filter(Boolean).join(' · ')
      state.textContent = words[status]
      state.dataset.status = status
      pause.textContent = paused ? 'Continue' : 'Pause'
      pause.hidden = cancel.hidden = !live
      resume.hidden = live || status === 'done'
      // Written when a run ends, however it ends.
      report.hidden = picture.end === null || hasResult
      output.hidden = picture.saved === null || hasResult
      tiles.hidden = hasResult
      message.textContent = picture.end?.status === 'failed' ? (picture.end.message ?? 'The run failed.') : ''
      warnings.hidden = picture.warnings.length === 0
      replaceChildren(warnings, ...picture.warnings.map((w) => h('li', {}, w)))
      bar.hidden = !live
      showProgress(bar, text, picture, live)
      showStages(stages, picture)
      replaceChildren(
        tiles,
        ...tileTexts(picture).map(([value, name]) =>
          h('li', {}, h('b', {}, value), h('span', { class: 'muted' }, name)),
        ),
      )
    },
  }
}

/** How far the whole run is; of its phase, what is counted. */
function showProgress(bar: HTMLProgressElement, text: HTMLElement, picture: RunPicture, live: boolean): void {
  const { progress, overall, etaSeconds } = picture
  const latest = picture.phases.at(-1)
  const phase = latest ? phaseName(latest) : 'starting'
  if (overall === null) bar.removeAttribute('value')
  else bar.value = overall
  const share = overall === null ? '' : `${Math.floor(100 * overall)} % · `
  const counted = progress ? `: ${progress.done} of ${progress.total} ${progress.unit}` : ''
  const left = etaSeconds === null ? '' : ` · ${formatDuration(etaSeconds)} left`
  text.textContent = live ? `${share}${phase}${counted}${left}` : ''
}

/** Marks, where there are several recoveries, those that are done and the one that goes on. */
function showStages(list: HTMLElement, { recoveries, phases, end }: RunPicture): void {
  list.hidden = recoveries.length === 0
  const begun = largest(phases, -1, ({ recovery = -1 }) => recovery)
  const current = end?.status === 'done' ? recoveries.length : (phases.at(-1)?.recovery ?? begun)
  const items = recoveries.map((mode, i) =>
    h(
      'li',
      { 'aria-current': i === current ? 'step' : null, class: i < current ? 'past' : null },
      recoveryName(i, mode),
    ),
  )
  replaceChildren(list, ...items)
}

function tileTexts(picture: RunPicture): [string, string][] {
  const tiles: [string, string][] = [[formatDuration(picture.elapsed / 1000), 'elapsed']]
  const last = picture.loss.at(-1)
  if (last) tiles.push([formatValue(last.y), `loss at step ${last.x}`])
  for (const stage of ['dense', 'pruned', 'recovered'] as const) {
    const found = mainPerplexities(picture).findLast((e) => e.stage === stage)
    if (found) tiles.push([formatValue(found.perplexity), `perplexity, ${stage}`])
  }
  tiles.push(...accuracyTiles(picture))
  if (picture.tokensPerSecond !== null) tiles.push([formatValue(Math.round(picture.tokensPerSecond)), 'tokens/s'])
  if (picture.memory) {
    tiles.push([
      formatBytes(picture.memory.rssMb * megabyte),
      `memory, peak ${formatBytes(picture.memory.peakRssMb * megabyte)}`,
    ])
    if (picture.memory.deviceMb > 0) tiles.push([formatBytes(picture.memory.deviceMb * megabyte), 'device memory'])
  }
  return tiles
}

function accuracyTiles({ evaluations }: RunPicture): [string, string][] {
  const { stages, tasks } = accuraciesOf(evaluations)
  return (['dense', 'pruned', 'recovered'] as const).flatMap((stage): [string, string][] => {
    const mean = stages[stage]
    if (!mean) return []
    const what = tasks.length === 1 ? `accuracy on ${tasks[0].name}` : `mean accuracy of ${mean.tasks} tasks`
    return [[formatAccuracy(mean.acc, mean.stderr), `${what}, ${stage}`]]
  })
}
