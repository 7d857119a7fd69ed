// What a view of several runs is sent, made from the runs as they are followed: rows, thinned curves, and the table as text. Needs no VS Code.
import { basename } from 'node:path'
import type { ComparedRow, ComparedWhat, CurvePart, FromSweep, SentRow, ToSweep } from '../../protocol/sweepView.ts'
import { toSent } from '../../runs/compared/sweepTable.ts'
import { filesAtATime, type RunsReader } from '../../runs/reader/runsReader.ts'
import { type Curve, curveOf, foldCurves } from '../../runs/series/curves.ts'
import { CurveThinner } from '../../runs/series/thinCurve.ts'
import { inTurns } from '../../runs/reader/inTurns.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import { runName } from '../../formatting/runName.ts'
import { phaseName } from '../../runs/series/recoveryName.ts'
import { comparisonCsv } from '../../runs/compared/comparisonCsv.ts'
import { paperTable } from '../../runs/compared/paperTable.ts'
import { type PaperFormat, paperText } from '../../runs/compared/paperText.ts'
import { readProtocol } from '../../runs/reader/report.ts'

export interface ComparedView {
  /** A view that is new, or was hidden, gets all there is. */
  replay(): void
  watch(message: Extract<FromSweep, { type: 'watch' }>): Promise<void>
  dispose(): void
}

export interface ComparedSource {
  readonly what: ComparedWhat
  readonly followed: RunsReader
  readonly maxPoints: () => number
}

export function createComparedView(
  { what, followed, maxPoints }: ComparedSource,
  post: (message: ToSweep) => void,
): ComparedView {
  const feed = new CurveFeed(followed, post, maxPoints)
  const rowAt = (index: number): SentRow => {
    const row = rowOf(followed.runs[index], index)
    return { ...row, results: toSent(row.results) }
  }
  const exists = (run: number) => followed.runs[run] !== undefined
  const listener = followed.onChange((changed) => {
    post({ type: 'rows', rows: changed.map(rowAt) })
    void feed.changed(changed)
  })
  const viewing = followed.view()
  return {
    replay() {
      post({ type: 'compared', what, rows: followed.runs.map((_, index) => rowAt(index)) })
      void followed.look()
    },
    watch: (message) => feed.watch({ ...message, groups: message.groups.map((runs) => runs.filter(exists)) }),
    dispose() {
      listener.dispose()
      viewing.dispose()
    },
  }
}

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

/** The curves that a view shows, thinned; while runs are in progress only their new points. */
class CurveFeed {
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
    const flush = (isWhole: boolean) => this.send(question, parts.splice(0), isWhole)
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
    if (parts.length > 0) this.send(question, parts, true)
  }

  private send(question: Question, parts: CurvePart[], isWhole: boolean): void {
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

/** A run as a row of the view. */
export function rowOf(run: RunReader, index: number): ComparedRow {
  const { settings, label, facts, standing, results, report, isBegun, sparkline, sweep, started } = run
  const { name, folder } = run.place
  const trainablePercent = report?.trainablePercent ?? null
  return {
    ...{ index, key: folder, name, label, settings, facts, ...standing, results, trainablePercent, isBegun },
    sweep: sweep === null ? null : runName(basename(sweep)).name,
    ...{ started, sparkline, progress: progressOf(run) },
  }
}

/** null: it does not run. */
export function progressOf({ status, lean }: RunReader): ComparedRow['progress'] {
  if (status !== 'running') return null
  if (!lean) return { share: null, text: 'being read' }
  const { overall, phases } = lean.picture
  const latest = phases.at(-1)
  return { share: overall, text: latest ? phaseName(latest) : 'starting' }
}

export type TableFormat = PaperFormat | 'csv'

/**
 * The table of runs that a view shows, as text. LaTeX and Markdown fold seeds: median ± range, the best in bold. CSV has one line a run, numbers as they are. `places` without a
 * run are skipped.
 */
export async function tableText(followed: RunsReader, places: readonly number[], format: TableFormat): Promise<string> {
  const runs = places.flatMap((place) => followed.runs[place] ?? [])
  if (format === 'csv') return comparisonCsv(runs.map(rowOf))
  const protocols: string[][] = []
  for (const { folder } of runs) protocols.push(await readProtocol(folder))
  return paperText(paperTable(runs.map(rowOf), protocols), format)
}
