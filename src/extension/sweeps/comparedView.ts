// Messages to a view of several runs, made from the runs as they are followed; knows nothing of windows.
import type { ComparedWhat, FromSweep, SentRow, ToSweep } from '../../protocol/sweepView.ts'
import { toSent } from '../../runs/compared/sweepTable.ts'
import { rowOf } from './comparedRow.ts'
import { CurveFeed } from './curveFeed.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'

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
