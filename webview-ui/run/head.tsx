// The top of the page: what runs, how far, how fast, and the buttons that act on it.
import { runName } from '../../src/formatting/paths.ts'
import { formatBytes, formatDuration, formatValue, megabyte, roughDuration } from '../../src/formatting/numbers.ts'
import type { RunPicture } from '../../src/runs/series/foldRun.ts'
import type { FromRun } from '../../src/protocol/view.ts'
import type { RunStatus } from '../../src/runs/series/foldRun.ts'
import { Button } from '../shared/button.tsx'
import { Warnings } from '../shared/parts.tsx'
import { host } from './host.ts'
import { isLive, listed, picture, runStages, result, status } from './store.ts'

const words: Record<RunStatus, string> = {
  running: 'running',
  paused: 'paused',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted: it can be resumed',
}

export function Head() {
  const { model, device, name: own, end, warnings } = picture.value
  const { name, time } = listed.value ?? runName(own)
  return (
    <header>
      <div class="head">
        <div>
          <h1>{name || 'Run'}</h1>
          <p class="muted">{[time, model, device].filter(Boolean).join(' · ')}</p>
        </div>
        <Actions />
      </div>
      {isLive.value && <Progress />}
      {end?.status === 'failed' && (
        <p class="problem" role="alert">
          {end.message ?? 'The run failed.'}
        </p>
      )}
      <Warnings of={warnings} />
      {result.value === null && (
        <ul class="row numbers muted" aria-label="Numbers of the run">
          {numbersOf(picture.value).map((number) => (
            <li>{number}</li>
          ))}
        </ul>
      )}
    </header>
  )
}

function Actions() {
  const { end, saved } = picture.value
  const isPaused = status.value === 'paused'
  // The card of the result has these buttons, too.
  const hasCard = result.value !== null
  const action = (text: string, message: FromRun, primary = false) => (
    <Button act={() => host.post(message)} primary={primary}>
      {text}
    </Button>
  )
  return (
    <div class="row">
      <span class="badge" data-status={status.value}>
        {words[status.value]}
      </span>
      {isLive.value && action(isPaused ? 'Continue' : 'Pause', { type: 'pause', paused: !isPaused })}
      {isLive.value && action('Cancel', { type: 'cancelRun' })}
      {!isLive.value && status.value !== 'done' && action('Resume', { type: 'resumeRun' }, true)}
      {end && !hasCard && action('Open report', { type: 'reveal', what: 'report' })}
      {saved !== null && !hasCard && action('Open output', { type: 'reveal', what: 'output' })}
      {action('Open recipe', { type: 'reveal', what: 'recipe' })}
    </div>
  )
}

/** How far the whole run is; how far its stage is is in the list of stages. */
function Progress() {
  const { overall, left } = picture.value
  const stage = runStages.value.find(({ state }) => state === 'now')
  const text = [
    overall !== null && `${Math.floor(100 * overall)} %`,
    stage ? [stage.title, stage.detail].filter(Boolean).join(': ') : 'starting',
    left !== null && `about ${roughDuration(left)} left`,
  ]
  return (
    <div class="row">
      <progress max={1} value={overall ?? undefined} aria-label="Progress of the run" />
      <span class="muted">{text.filter(Boolean).join(' · ')}</span>
    </div>
  )
}

function numbersOf({ elapsed, tokensPerSecond, memory }: RunPicture): string[] {
  const peak = memory && formatBytes(memory.peakRssMb * megabyte)
  return [
    ...(elapsed > 0 ? [`${formatDuration(elapsed / 1000)} elapsed`] : []),
    ...(tokensPerSecond === null ? [] : [`${formatValue(Math.round(tokensPerSecond))} tokens/s`]),
    ...(memory ? [`${formatBytes(memory.rssMb * megabyte)} memory, peak ${peak}`] : []),
    ...(memory && memory.deviceMb > 0 ? [`${formatBytes(memory.deviceMb * megabyte)} device memory`] : []),
  ]
}
