// The curves that a view shows, thinned; as the runs go on only what is new of them.
import type { CurvePart, FromSweep, ToSweep } from '../../protocol/sweepView.ts'
import { type Curve, curveOf, CurveThinner, foldCurves } from '../../runs/series/curves.ts'
import { inTurns } from '../../runs/reader/inTurns.ts'
import { filesAtATime, type RunsReader } from '../../runs/reader/runsReader.ts'

type Question = Extract<FromSweep, { type: 'watch' }>

interface Group {
  readonly runs: readonly number[]
  thinner: CurveThinner
  /** Says how often each of its runs has started over, and which have ended. When it changes, the curve begins anew. */
  stage: string
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
    const limit = Math.min(
      this.maxPoints(),
      Math.max(fewestPoints, Math.floor(mostPoints / Math.max(1, question.groups.length))),
    )
    this.question = question
    const groups = question.groups.map((runs) => ({ runs, thinner: new CurveThinner(limit), stage: '' }))
    this.groups = groups
    await this.followed.isSeen()
    const parts: CurvePart[] = []
    const flush = (isWhole: boolean) => this.tell(question, parts.splice(0), isWhole)
    await inTurns(groups, filesAtATime, async ({ runs }, group) => {
      for (const run of runs) await this.followed.runs[run].readWhole()
      if (this.groups !== groups) return
      parts.push(...this.partOf(group))
      if (parts.length < partsAtATime) return
      flush(false)
      await new Promise(setImmediate)
    })
    flush(true)
  }

  /** Sends the new events of these runs. */
  async changed(runs: readonly number[]): Promise<void> {
    await this.watching
    const { question, groups } = this
    if (!question) return
    const changed = new Set(runs)
    const theirs = [...groups.keys()].filter((group) => groups[group].runs.some((run) => changed.has(run)))
    // One that was done before anybody saw it has not been read.
    const unread = theirs.flatMap((group) => groups[group].runs).filter((run) => !this.followed.runs[run].lean)
    await inTurns(unread, filesAtATime, async (run) => void (await this.followed.runs[run].readWhole()))
    if (this.groups !== groups) return
    const parts = theirs.flatMap((group) => this.partOf(group))
    if (parts.length > 0) this.tell(question, parts, true)
  }

  private tell(question: Question, parts: CurvePart[], isWhole: boolean): void {
    if (question === this.question) this.post({ type: 'curves', watch: question.watch, parts, isWhole })
  }

  /** None where nothing has changed. */
  private partOf(index: number): CurvePart[] {
    const { question } = this
    const group = this.groups[index]
    if (!question) return []
    const runs = group.runs.map((run) => this.followed.runs[run])
    const isOver = runs.map(({ standing }) => standing.state !== 'running' && standing.state !== 'waiting')
    const stage = runs.map(({ beginnings, lean }, i) => `${beginnings} ${lean !== null} ${isOver[i]}`).join()
    if (group.stage !== stage) group.thinner = new CurveThinner(group.thinner.limit)
    const isNew = group.stage !== stage
    group.stage = stage
    const curves = runs.map(({ lean }): Curve => {
      return lean ? curveOf(lean, question.curve, question.smoothing) : { x: [], y: [] }
    })
    const part = group.thinner.next(foldCurves(curves, isOver, question.curve))
    if (part.x.length === 0 && !isNew) return []
    const { keep, ...arrays } = part
    const [x, y, low, high] = [arrays.x, arrays.y, arrays.low, arrays.high].map(base64Of)
    return [{ group: index, keep, x, y, low, high }]
  }
}

function base64Of(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
