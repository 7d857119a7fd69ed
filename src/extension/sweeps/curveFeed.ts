// The curves that a view shows, thinned; as the runs go on those that have changed.
import type { CurvePart, FromSweep, ToSweep } from '../../protocol/sweepView.ts'
import { curveOf, foldCurves, type Curve } from '../../runs/series/curves.ts'
import { thinCurve } from '../../runs/series/thinCurve.ts'
import { inTurns } from '../../runs/reader/inTurns.ts'
import { filesAtATime, type RunsReader } from '../../runs/reader/runsReader.ts'

type Question = Extract<FromSweep, { type: 'watch' }>

interface Group {
  readonly runs: readonly number[]
  /** Its curve as it was sent last. */
  sent: string
}

/** Most points of all curves together: more could not be seen, nor drawn thirty times a second. */
const mostPoints = 60_000
const fewestPoints = 120
/** Curves that are sent in one message, so that the first are seen while others are read. */
const partsAtATime = 50

export class CurveFeed {
  private readonly followed: RunsReader
  private readonly post: (message: ToSweep) => void
  private readonly maxPoints: () => number
  private question: Question | null = null
  private groups: Group[] = []
  /** Most points of a curve. */
  private limit = fewestPoints
  private watching: Promise<void> = Promise.resolve()

  constructor(followed: RunsReader, post: (message: ToSweep) => void, maxPoints: () => number) {
    this.followed = followed
    this.post = post
    this.maxPoints = maxPoints
  }

  /** The question replaces the one before. Resolves when all that is on disk has been sent. */
  watch(question: Question): Promise<void> {
    this.watching = this.sendAll(question)
    return this.watching
  }

  private async sendAll(question: Question): Promise<void> {
    this.limit = Math.min(
      this.maxPoints(),
      Math.max(fewestPoints, Math.floor(mostPoints / Math.max(1, question.groups.length))),
    )
    this.question = question
    const groups = question.groups.map((runs) => ({ runs, sent: '' }))
    this.groups = groups
    await this.followed.isSeen()
    const parts: CurvePart[] = []
    const flush = (isWhole: boolean) => this.tell(question, parts.splice(0), isWhole)
    await inTurns(groups, filesAtATime, async ({ runs }, group) => {
      for (const run of runs) await this.followed.runs[run].readEvents()
      if (this.groups !== groups) return
      parts.push(...this.partOf(group))
      if (parts.length < partsAtATime) return
      flush(false)
      await new Promise(setImmediate)
    })
    flush(true)
  }

  /** Sends the curves that these runs have part in, where they have changed. */
  async changed(runs: readonly number[]): Promise<void> {
    await this.watching
    const { question, groups } = this
    if (!question) return
    const changed = new Set(runs)
    const theirs = [...groups.keys()].filter((group) => groups[group].runs.some((run) => changed.has(run)))
    // One that was done before anybody saw it, and has no summary of its own, has not been read.
    const needed = theirs.flatMap((group) => groups[group].runs)
    await inTurns(needed, filesAtATime, async (run) => void (await this.followed.runs[run].readEvents()))
    if (this.groups !== groups) return
    const parts = theirs.flatMap((group) => this.partOf(group))
    if (parts.length > 0) this.tell(question, parts, true)
  }

  private tell(question: Question, parts: CurvePart[], isWhole: boolean): void {
    if (question === this.question) this.post({ type: 'curves', watch: question.watch, parts, isWhole })
  }

  /** None where nothing has changed. */
  private partOf(index: number): CurvePart[] {
    const { question, limit } = this
    const group = this.groups[index]
    if (!question) return []
    const summaries = group.runs.map((run) => this.followed.runs[run].state.summary)
    const every = Math.max(...summaries.map((summary) => summary?.loss.every ?? 1))
    const curves = summaries.map((summary): Curve => {
      const { curve, smoothing } = question
      return summary ? curveOf(summary, curve, { smoothing, every }) : { x: [], y: [] }
    })
    const thinned = thinCurve(foldCurves(curves), limit)
    const [x, y, low, high] = [thinned.x, thinned.y, thinned.low, thinned.high].map(base64Of)
    const sent = [x, y, low, high].join()
    if (sent === group.sent) return []
    group.sent = sent
    return [{ group: index, x, y, low, high }]
  }
}

function base64Of(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
