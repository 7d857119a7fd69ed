// The stages of the run from left to right: what is done, what goes on and how far, what comes, each with its number and its time.
import { formatDuration } from '../../src/formatting/numbers.ts'
import type { RunStage } from '../../src/runs/series/runStages.ts'
import { runStages } from './store.ts'

const signs = { done: '✓', now: '●', stopped: '✕', next: '○' }
const states = { done: 'done', now: 'going on', stopped: 'the run ended here', next: 'to come' }

export function Stages() {
  if (runStages.value.length === 0) return null
  return (
    <ol class="tiled runStages" aria-label="Stages of the run">
      {runStages.value.map((stop) => (
        <Stage {...stop} />
      ))}
    </ol>
  )
}

function Stage({ title, state, value, more, detail, ms }: RunStage) {
  return (
    <li class={state} aria-current={state === 'now' ? 'step' : undefined}>
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
