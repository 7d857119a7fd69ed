// Messages to a view of several runs, made from the runs as they are followed; knows nothing of windows.
import type { ComparedWhat, FromSweep, RunMap, SentRow, ToSweep } from '../../shared/protocol/sweepView.ts'
import { toSent } from '../../shared/sweep/sweepTable.ts'
import { rowOf } from './comparedRow.ts'
import { differenceOf, type AskQuestions } from './difference.ts'
import { CurveFeed } from './curveFeed.ts'
import { paperOf } from './paperOf.ts'
import { readPicture } from '../../runs/events/parseEvents.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'

/** Maps that a view shows side by side. */
const mostMaps = 12

export interface ComparedView {
  /** A view that is new, or was hidden, gets all there is. */
  replay(): void
  handle(message: Extract<FromSweep, { type: 'watch' | 'watchMaps' | 'askDifference' | 'askPaper' }>): Promise<void>
  dispose(): void
}

export interface ComparedSource {
  readonly what: ComparedWhat
  readonly followed: RunsReader
  readonly maxPoints: () => number
  readonly askQuestions?: () => AskQuestions
}

export function createComparedView(
  { what, followed, maxPoints, askQuestions }: ComparedSource,
  post: (message: ToSweep) => void,
): ComparedView {
  const feed = new CurveFeed(followed, post, maxPoints)
  let mapped: readonly number[] = []
  let asked = 0
  const rowAt = (index: number): SentRow => {
    const row = rowOf(followed.runs[index], index)
    return { ...row, results: toSent(row.results) }
  }
  const exists = (run: number) => followed.runs[run] !== undefined
  const sendMaps = async (runs: readonly number[]) => {
    const maps = (await Promise.all(runs.map((run) => mapOf(followed, run)))).flat()
    if (maps.length > 0) post({ type: 'maps', maps })
  }
  const listener = followed.onChange((changed) => {
    post({ type: 'rows', rows: changed.map(rowAt) })
    void feed.changed(changed)
    void sendMaps(mapped.filter((run) => changed.includes(run)))
  })
  const viewing = followed.view()
  return {
    replay() {
      post({ type: 'compared', what, rows: followed.runs.map((_, index) => rowAt(index)) })
      void followed.look()
    },
    async handle(message) {
      if (message.type === 'watch')
        return feed.watch({ ...message, groups: message.groups.map((runs) => runs.filter(exists)) })
      if (message.type === 'askDifference') {
        const question = ++asked
        const [a, b] = message.runs
        if (!exists(a) || !exists(b)) return
        const difference = await differenceOf(followed.runs[a], followed.runs[b], askQuestions?.() ?? null)
        if (question === asked) post({ type: 'difference', runs: [a, b], difference })
        return
      }
      if (message.type === 'askPaper') {
        const { runs, format } = message
        return post({ type: 'paper', runs, format, text: await paperOf(followed, runs, format) })
      }
      mapped = message.runs.filter(exists).slice(0, mostMaps)
      await sendMaps(mapped)
    },
    dispose() {
      listener.dispose()
      viewing.dispose()
    },
  }
}

async function mapOf({ runs }: RunsReader, run: number): Promise<RunMap[]> {
  const picture = await readPicture(runs[run].folder.events)
  if (!picture) return []
  const { numBlocks, blocks } = picture
  const told = [...blocks.values()].map(({ block, modules, seconds }) => ({ block, modules, seconds }))
  return [{ run, numBlocks, blocks: told }]
}
