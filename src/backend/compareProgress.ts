// A comparison on its way to the view: first what will be compared, then what changed, several a message.
import type { CompareCheckpointsOptions } from '../engine/checkpoint/stats/compareCheckpoints.ts'
import type { CompareProgress, TensorChange } from '../shared/protocol/inspect.ts'

const everyMs = 100

/** For `compareCheckpoints`: tells at most ten times a second, and at the end. */
export function inBatches(
  tell: (progress: CompareProgress) => void,
): Required<Pick<CompareCheckpointsOptions, 'onStart' | 'onTensor'>> {
  let changes: TensorChange[] = []
  let last = -Infinity
  return {
    onStart: (tensors) => tell({ tensors, changes: [], done: 0, total: tensors.length }),
    onTensor(done, total, change) {
      if (change) changes.push(change)
      if (done < total && performance.now() - last < everyMs) return
      last = performance.now()
      tell({ changes, done, total })
      changes = []
    },
  }
}
