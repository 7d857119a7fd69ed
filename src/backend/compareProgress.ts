// Changes of a comparison on their way to the view, several a message.
import type { CompareProgress, TensorChange } from '../shared/protocol/inspect.ts'

const everyMs = 100

/** For `compareCheckpoints`: tells at most ten times a second, and at the end. */
export function inBatches(
  tell: (progress: CompareProgress) => void,
): (done: number, total: number, change: TensorChange | null) => void {
  let changes: TensorChange[] = []
  let last = -Infinity
  return (done, total, change) => {
    if (change) changes.push(change)
    if (done < total && performance.now() - last < everyMs) return
    last = performance.now()
    tell({ changes, done, total })
    changes = []
  }
}
