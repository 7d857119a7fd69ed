// The lines of events.jsonl as a lean run. Nearly all of them are steps, progress and memory, of which it wants a number or two:
// those are read where they stand, if they are as the engine writes them, letter for letter. Every other line is parsed.
import { parseEvents } from '../events/parseEvents.ts'
import { foldLean, type LeanRun } from '../series/leanRun.ts'

const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`
const orNull = `(?:${number}|null)`
const word = String.raw`"[\w ]*"`
const field = (name: string, value: string) => `,"${name}":${value}`
const maybe = (text: string) => `(?:${text})?`
const lineOf = (type: string, ...fields: string[]) =>
  new RegExp(String.raw`\{"t":(${number}),"type":"${type}"${fields.join('')}\}\n`, 'y')

/** Captures t, loss. */
const stepLine = lineOf(
  'step',
  maybe(field('recovery', number)),
  maybe(field('block', number)),
  field('step', number),
  field('loss', `(${orNull})`),
  field('lr', number),
  field('tokens_per_second', orNull),
)
/** Captures t, overall. */
const progressLine = lineOf(
  'progress',
  field('phase', word),
  field('done', number),
  field('total', number),
  field('unit', word),
  field('eta_s', orNull),
  maybe(field('overall', `(${number})`)),
)

/** Captures t, rss_mb, device_mb. */
const memoryLine = lineOf('memory', field('rss_mb', `(${number})`), field('device_mb', `(${number})`))

/** Most steps that are kept: no run has more, and a run folder may be anybody's. */
const mostSteps = 2 ** 22
const mostOtherChars = 2 ** 26

/** Adds the events of whole lines, UTF-8, in place: what `foldLean` makes of them. */
export function foldLeanLines(run: LeanRun, bytes: Buffer): LeanRun {
  const { picture, loss } = run
  // A character a byte: the lines that are read where they stand are ASCII, and decoding UTF-8 costs as much as reading them.
  const lines = bytes.toString('latin1')
  /** The last progress is told, and the number and time of all events. */
  let progress: RegExpExecArray | null = null
  const passed = (t: string) => {
    picture.numEvents++
    picture.elapsed = Math.max(picture.elapsed, Number(t))
  }
  for (let at = 0; at < lines.length;) {
    stepLine.lastIndex = progressLine.lastIndex = memoryLine.lastIndex = at
    const step = stepLine.exec(lines)
    if (step) {
      at = stepLine.lastIndex
      passed(step[1])
      picture.numSteps++
      if (loss.length < mostSteps) loss.push(step[2] === 'null' ? NaN : Number(step[2]))
      continue
    }
    const told = progressLine.exec(lines)
    if (told) {
      at = progressLine.lastIndex
      if (progress) skip(progress)
      progress = told
      continue
    }
    const memory = memoryLine.exec(lines)
    if (memory) {
      at = memoryLine.lastIndex
      passed(memory[1])
      const [rssMb, deviceMb] = [Number(memory[2]), Number(memory[3])]
      picture.memory = { rssMb, deviceMb, peakRssMb: Math.max(picture.memory?.peakRssMb ?? 0, rssMb) }
      continue
    }
    const found = lines.indexOf('\n', at)
    const end = found < 0 ? lines.length : found
    flush()
    run.otherChars += end - at
    if (run.otherChars <= mostOtherChars) foldLean(run, parseEvents([bytes.toString('utf8', at, end)]))
    at = end + 1
  }
  flush()
  return run

  function skip([, t, overall]: RegExpExecArray): void {
    passed(t)
    if (overall !== undefined) picture.overall = Math.max(picture.overall ?? 0, Number(overall))
  }
  function flush(): void {
    if (progress) foldLean(run, parseEvents([progress[0]]))
    progress = null
  }
}
