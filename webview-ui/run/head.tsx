// The top of the page: name, progress, result, actions and stages of the run.
import { certificateSentence, certificatesOf, sumOfCertificates } from '../../src/plan/certificate.ts'
import { runName } from '../../src/formatting/paths.ts'
import { formatBytes, formatDuration, formatValue, megabyte, roughDuration } from '../../src/formatting/numbers.ts'
import type { RunPicture, RunStatus } from '../../src/runs/series/foldRun.ts'
import { costFacts, resultMarkdown, type RunResult } from '../../src/runs/series/runResult.ts'
import type { FromRun } from '../../src/protocol/view.ts'
import { Button } from '../shared/button.tsx'
import { Menu, type MenuEntry } from '../shared/figure.tsx'
import { Warnings } from '../shared/parts.tsx'
import { host, isLive, listed, picture, result, runStages, status } from './store.ts'
import type { RunStage } from '../../src/runs/series/runStages.ts'

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
  const found = result.value
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
      <ul class="row numbers muted" aria-label={found ? 'Result of the run' : 'Numbers of the run'}>
        {[...(found ? resultNumbers(found) : numbersOf(picture.value)), ...roomOf(picture.value)].map((number) => (
          <li>{number}</li>
        ))}
      </ul>
    </header>
  )
}

type Revealed = Extract<FromRun, { type: 'reveal' }>['what']
const reveal = (what: Revealed) => () => host.post({ type: 'reveal', what })

function Actions() {
  const isPaused = status.value === 'paused'
  const action = (text: string, act: () => void, primary = false) => (
    <Button act={act} primary={primary}>
      {text}
    </Button>
  )
  return (
    <div class="row">
      <span class="badge" data-status={status.value}>
        {words[status.value]}
      </span>
      {isLive.value &&
        action(isPaused ? 'Continue' : 'Pause', () => host.post({ type: 'pause', paused: !isPaused }), isPaused)}
      {isLive.value && action('Cancel', () => host.post({ type: 'cancelRun' }))}
      {!isLive.value && status.value !== 'done' && action('Resume', () => host.post({ type: 'resumeRun' }), true)}
      {hasOutput() && action('Compare…', reveal('comparison'), status.value === 'done')}
      {hasOutput() && action('Try it', reveal('tryOut'))}
      {hasOutput() && action('Open output', reveal('output'))}
      <Menu name="More" label="More actions" title="More actions" entries={moreActions()} />
    </div>
  )
}

const hasOutput = () => (result.value ? result.value.output : picture.value.saved) !== null

function moreActions(): MenuEntry[] {
  const { name, end } = picture.value
  const found = result.value
  const copy = (of: RunResult) => () => host.post({ type: 'copy', text: resultMarkdown(runName(name).name, of) })
  return [
    ...(end ? [{ label: 'Open report', act: reveal('report') }] : []),
    { label: 'Open recipe', act: reveal('recipe') },
    ...(hasOutput() ? [{ label: 'Write model card', act: reveal('card') }] : []),
    ...(found ? [{ label: 'Copy as Markdown', act: copy(found) }] : []),
  ]
}

/** Progress of the whole run; the list of stages shows the progress of the stage. */
function Progress() {
  const { overall, left } = picture.value
  const stage = runStages.value.find(({ state }) => state === 'now')
  const text = [
    overall !== null && `${Math.floor(100 * overall)} %`,
    stage ? [stage.title, stage.detail].filter(Boolean).join(': ') : 'starting',
    left !== null && `about ${roughDuration(left)} left`,
  ]
  return (
    <>
      <div class="row progress">
        <progress max={1} value={overall ?? undefined} aria-label="Progress of the run" />
        <span class="muted">{text.filter(Boolean).join(' · ')}</span>
      </div>
      <p class="muted">
        You can close this window: the run continues. Cancel keeps every finished block and the last saved training
        step, and Resume continues from there.
      </p>
    </>
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

/** A sentence on the error that swaps would still remove. */
function roomOf({ blocks }: RunPicture): string[] {
  const certificate = sumOfCertificates([...certificatesOf(blocks.values()).values()])
  return certificate ? [certificateSentence(certificate)] : []
}

/** Time and memory of the run, and where the result is saved. */
function resultNumbers(found: RunResult): string[] {
  const { output, ggufOutput } = found
  return [
    ...costFacts(found).map(([what, value]) => `${what} ${value}`),
    output === null ? 'Nothing was saved' : `Saved to ${output}`,
    ...(ggufOutput === null ? [] : [`For llama.cpp: ${ggufOutput}`]),
  ]
}

const signs = { done: '✓', now: '●', stopped: '✕', next: '○' }
const states = { done: 'done', now: 'in progress', stopped: 'the run ended here', next: 'not started' }
/** More cells would be thinner than the gaps between them. */
const mostCells = 40

/** The stages of the run from left to right, each with its state, its number and its time. */
export function Stages() {
  if (runStages.value.length === 0) return null
  return (
    <ol class="tiled runStages" aria-label="Stages of the run">
      {runStages.value.map((stage) => (
        <Stage {...stage} />
      ))}
    </ol>
  )
}

function Stage(stage: RunStage) {
  const { title, state, value, more, detail, ms } = stage
  return (
    <li class={state} aria-current={state === 'now' ? 'step' : undefined}>
      <StageBar {...stage} />
      <div class="stageTitle">
        <span aria-hidden="true">{signs[state]} </span>
        {title}
        <span class="srOnly">, {states[state]}</span>
      </div>
      {value && (
        <div>
          <b>{value.text}</b> <span class="muted">{value.what}</span>
        </div>
      )}
      {more.map((text) => (
        <div class="muted">{text}</div>
      ))}
      {detail !== null && <div>{detail}</div>}
      {ms !== null && <div class="muted">{formatDuration(ms / 1000)}</div>}
    </li>
  )
}

/** A bar in the colour of the stage's result. It fills cell by cell, one per block or window; for steps or many units it is one cell. */
function StageBar({ leaves, state, progress, value, detail }: RunStage) {
  const isOver = state === 'done' || (value !== null && detail === null)
  const share = progress ? Math.min(1, progress.done / Math.max(1, progress.total)) : Number(isOver)
  const hasCells = progress !== null && progress.unit !== 'steps' && progress.total <= mostCells
  const cells = hasCells ? Math.max(1, progress.total) : 1
  return (
    <div
      class="stageBar"
      aria-hidden="true"
      style={{ '--stage': `var(--${leaves})`, '--share': share, '--cells': cells }}
    />
  )
}
