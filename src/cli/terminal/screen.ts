// Output for people: lines, and below them one bar while work goes on. On a terminal the bar is taken away before
// anything is written and drawn again under it; elsewhere progress is a plain line now and then.
import type { Output } from '../io.ts'
import { progressBar, progressLine, type Progress } from './progressText.ts'

export interface Screen {
  /** A line of the command's own, above the bar. */
  say(line: string): void
  progress(progress: Progress): void
  /** Takes the bar away: what is written from now on has the terminal to itself. */
  end(): void
}

export interface ScreenOptions {
  /** Lines of the command go here; with --json that is stderr. */
  readonly lines: Output
  readonly stderr: Output
  /** The time in milliseconds. */
  readonly now?: () => number
}

/** Drawn often enough to look alive, seldom enough to cost nothing. */
const drawEveryMs = 60
const lineEveryMs = 5000
/**
 * To the beginning of the line, and everything from there on cleared. Never upwards: how many rows a terminal that was
 * made narrower makes of the bar differs from one to the next, and a line of the command is worth more.
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
    // It is written in one piece, so that nothing flickers.
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
