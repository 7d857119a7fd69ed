// Messages for a view of several runs: rows, thinned curves, and the table as text. Does not depend on VS Code.
import { basename } from 'node:path'
import type { ComparedRow, ComparedWhat, CurvePart, FromSweep, SentRow, ToSweep } from '../../protocol/sweepView.ts'
import { toSent } from '../../runs/compared/sweepTable.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'
import { type Curve, curveOf, foldCurves, thinCurve } from '../../runs/series/curves.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import { runName } from '../../formatting/paths.ts'
import { phaseName } from '../../runs/series/recoveries.ts'
import { comparisonCsv } from '../../runs/compared/comparisonTable.ts'
import { paperTable } from '../../runs/compared/paperTable.ts'
import { type PaperFormat, paperText } from '../../runs/compared/paperText.ts'
import { readProtocol } from '../../runs/reader/report.ts'

export type ComparedView = ReturnType<typeof createComparedView>

export interface ComparedSource {
  readonly what: ComparedWhat
  readonly followed: RunsReader
  readonly maxPoints: () => number
}

export function createComparedView({ what, followed, maxPoints }: ComparedSource, post: (message: ToSweep) => void) {
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
    /** Sends everything, for a view that is new or was hidden. */
    replay() {
      post({ type: 'compared', what, rows: followed.runs.map((_, index) => rowAt(index)) })
      void followed.look()
    },
    watch: (message: Question) => feed.watch({ ...message, groups: message.groups.map((runs) => runs.filter(exists)) }),
    dispose() {
      listener.dispose()
      viewing.dispose()
    },
  }
}

type Question = Extract<FromSweep, { type: 'watch' }>

interface Group {
  readonly runs: readonly number[]
  /** Its curve as it was sent last. */
  sent: string
}

/** Most points of all curves together: more could neither be distinguished nor drawn thirty times a second. */
const mostPoints = 60_000
const fewestPoints = 120
/** Curves per message: the first are shown while others are read. */
const partsAtATime = 50

class CurveFeed {
  private question: Question | null = null
  private groups: Group[] = []
  /** Most points of a curve. */
  private limit = fewestPoints
  private watching: Promise<void> = Promise.resolve()

  constructor(
    private readonly followed: RunsReader,
    private readonly post: (message: ToSweep) => void,
    private readonly maxPoints: () => number,
  ) {}

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
    const flush = (isWhole: boolean) => this.send(question, parts.splice(0), isWhole)
    for (const group of groups.keys()) {
      if (this.groups !== groups) return
      parts.push(...this.partOf(group))
      if (parts.length < partsAtATime) continue
      flush(false)
      await new Promise(setImmediate)
    }
    flush(true)
  }

  /** Sends the changed curves of all groups that contain one of these runs. */
  async changed(runs: readonly number[]): Promise<void> {
    await this.watching
    const { question, groups } = this
    if (!question) return
    const changed = new Set(runs)
    const theirs = [...groups.keys()].filter((group) => groups[group].runs.some((run) => changed.has(run)))
    const parts = theirs.flatMap((group) => this.partOf(group))
    if (parts.length > 0) this.send(question, parts, true)
  }

  private send(question: Question, parts: CurvePart[], isWhole: boolean): void {
    if (question === this.question) this.post({ type: 'curves', watch: question.watch, parts, isWhole })
  }

  /** The curve of a group; empty if it has not changed since it was sent. */
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

/** A run as a row of the view. */
export function rowOf(run: RunReader, index: number): ComparedRow {
  const { place, named, state, sweep, started } = run
  const { standing, results, report, isBegun } = state
  const { name, folder } = place
  const trainablePercent = report?.trainablePercent ?? null
  return {
    ...{ index, key: folder, name, ...named, ...standing, results, trainablePercent, isBegun },
    sweep: sweep === null ? null : runName(basename(sweep)).name,
    ...{ started, progress: progressOf(run) },
  }
}

/** null: the run is not in progress. */
export function progressOf({ status, state: { summary } }: RunReader): ComparedRow['progress'] {
  if (status !== 'running') return null
  if (!summary) return { share: null, text: 'being read' }
  const { overall, phase } = summary
  return { share: overall, text: phase ? phaseName(phase) : 'starting' }
}

export type TableFormat = PaperFormat | 'csv'

/**
 * The runs at `places` as a table in text. LaTeX and Markdown fold seeds: median ± range, the best in bold. CSV has one line per run,
 * numbers in full precision. Places without a run are skipped.
 */
export async function tableText(followed: RunsReader, places: readonly number[], format: TableFormat): Promise<string> {
  const runs = places.flatMap((place) => followed.runs[place] ?? [])
  if (format === 'csv') return comparisonCsv(runs.map(rowOf))
  const protocols: string[][] = []
  for (const { folder } of runs) protocols.push(await readProtocol(folder))
  return paperText(paperTable(runs.map(rowOf), protocols), format)
}
