// Progress as one line of text: a bar, the share of the whole job, what is being done, how long it still takes.
import stringWidth from 'string-width'
import { formatValue, roughDuration } from '../../formatting/numbers.ts'

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

/** Never 100 before the end. */
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
