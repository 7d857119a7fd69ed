// Output for people: lines, with one progress bar below them. On a terminal the bar is removed before a line is
// written and drawn again below it; elsewhere progress is an occasional plain line.
import stringWidth from 'string-width'
import type { Output } from './io.ts'
import { formatValue, megabyte, roughDuration } from '../formatting/numbers.ts'
import type { RunEvent } from '../runs/series/events.ts'
import { phaseName } from '../runs/series/recoveries.ts'

interface Screen {
  /** A line of the command's own, above the bar. */
  say(line: string): void
  progress(progress: Progress): void
  /** Removes the bar: later output has the terminal to itself. */
  end(): void
}

interface ScreenOptions {
  /** Lines of the command go here; with --json that is stderr. */
  readonly lines: Output
  readonly stderr: Output
  /** The time in milliseconds. */
  readonly now?: () => number
}

/** Often enough to look alive, at no noticeable cost. */
const drawEveryMs = 60
const lineEveryMs = 5000
/**
 * Moves to the beginning of the line and clears the rest. Never moves up: a narrower terminal may wrap the bar to an unknown number of
 * rows, and lines of the command must not be lost.
 */
const clear = '\r\x1b[J'

export function createScreen({ lines, stderr, now = () => performance.now() }: ScreenOptions): Screen {
  return stderr.isTTY ? createBar({ lines, stderr, now }) : createLog({ lines, stderr, now })
}

function createLog({ lines, stderr, now }: Required<ScreenOptions>): Screen {
  let what = ''
  let last = -Infinity
  return {
    say: (line) => void lines.write(`${line}\n`),
    progress(progress) {
      const { count } = progress
      if (!count) return
      if (progress.what === what && count.done < count.total && now() - last < lineEveryMs) return
      what = progress.what
      last = now()
      stderr.write(`${progressLine(progress)}\n`)
    },
    end: () => undefined,
  }
}

function createBar({ lines, stderr, now }: Required<ScreenOptions>): Screen {
  let latest: Progress | null = null
  let drawn = false
  let last = -Infinity
  // A line that fills the last column makes some terminals go to the next one.
  const columns = () => Math.max(1, (stderr.columns ?? 80) - 1)
  const draw = () => {
    if (!latest) return
    // One write avoids flicker.
    stderr.write(`${drawn ? clear : ''}${progressBar(latest, columns())}`)
    drawn = true
    last = now()
  }
  const hide = () => {
    if (drawn) stderr.write(clear)
    drawn = false
  }
  return {
    say(line) {
      hide()
      lines.write(`${line}\n`)
      draw()
    },
    progress(progress) {
      const { what, count } = progress
      const changed = what !== latest?.what || (count && count.done >= count.total)
      latest = progress
      if (changed || now() - last >= drawEveryMs) draw()
    },
    end() {
      latest = null
      hide()
    },
  }
}

export interface Progress {
  /** Name of the phase of a run, or of the one job of a command. */
  readonly what: string
  /** Share of this phase that is done; absent when it has just begun. */
  readonly count?: { readonly done: number; readonly total: number; readonly unit: string }
  /** Share of the whole job that is done, 0 to 1, where that is more than this phase. */
  readonly share?: number
  /** Until the whole job is done; null or absent: not known. */
  readonly secondsLeft?: number | null
  /** The loss of the last training step. */
  readonly loss?: number | null
}

/** Progress of a job by its bytes. */
export function megabytesOf(what: string, done: number, total: number): Progress {
  return { what, count: { done: Math.floor(done / megabyte), total: Math.ceil(total / megabyte), unit: 'MB' } }
}

const widestBar = 24

/** Progress as lines, for output that cannot be drawn over: a log, a pipe. */
export function progressLine(progress: Progress): string {
  const { share } = progress
  const whole = share === undefined ? '' : `, ${percent(share)} of the whole`
  return `${job(progress)}${whole}${left(progress)}${lossOf(progress)}`
}

/** At most `columns` wide; what matters most comes first. */
export function progressBar(progress: Progress, columns: number): string {
  const { count } = progress
  const share = progress.share ?? (count && count.total > 0 ? count.done / count.total : 0)
  const text = `${percent(share).padStart(5)} ${job(progress)}${left(progress)}${lossOf(progress)}`
  const width = Math.max(0, Math.min(widestBar, Math.floor(columns / 4)))
  const filled = Math.round(width * Math.min(1, Math.max(0, share)))
  return cutTo(`${'█'.repeat(filled)}${'░'.repeat(width - filled)}${text}`, columns)
}

/** The beginning of a line that fits, with … for what does not. */
export function cutTo(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > columns - 1) break
    kept += segment
  }
  return columns > 0 ? `${kept}…` : ''
}

function job({ what, count }: Progress): string {
  return count ? `${what} ${count.done}/${count.total} ${count.unit}` : what
}

/** Rounds down, so that 100 % is shown only at the end. */
function percent(share: number): string {
  return `${Math.floor(100 * share)} %`
}

function lossOf({ loss }: Progress): string {
  return loss === undefined ? '' : `, loss ${formatValue(loss)}`
}

function left({ secondsLeft }: Progress): string {
  if (secondsLeft === undefined || secondsLeft === null) return ''
  return `, about ${roughDuration(secondsLeft)} left`
}

/** Turns a run's events into progress. A new phase is shown at once, with the last known share and time left of the whole run. */
export function createRunProgress(show: (progress: Progress) => void): (event: RunEvent) => void {
  let whole: Pick<Progress, 'share' | 'secondsLeft'> = { share: 0 }
  let what = ''
  let loss: Progress['loss']
  return (event) => {
    switch (event.type) {
      case 'phase':
        loss = undefined
        return show({ what: (what = phaseName(event)), ...whole })
      case 'step':
        loss = event.loss
        return
      case 'progress': {
        const { done, total, unit, eta_s: secondsLeft, overall } = event
        whole = { share: overall ?? whole.share, secondsLeft }
        return show({ what, count: { done, total, unit }, ...whole, loss })
      }
    }
  }
}
