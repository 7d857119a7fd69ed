// Two checkpoints compared, on the way to the view: first what will be compared and what is known of both, then what changed,
// several a message.
import { wholeOf } from '../engine/checkpoint/inspection.ts'
import { compareCheckpoints, type CompareCheckpointsOptions } from '../engine/checkpoint/stats/compareCheckpoints.ts'
import type { CompareProgress, CompareSummary, Measured, TensorChange } from '../protocol/inspect.ts'
import type { OpenModel } from './openModels.ts'
import { evaluationsOf } from './origin.ts'

export interface CompareContext {
  readonly signal: AbortSignal
  readonly progress: (progress: CompareProgress) => void
}

const everyMs = 100

export async function compareModels(
  a: OpenModel,
  b: OpenModel,
  { signal, progress }: CompareContext,
): Promise<CompareSummary> {
  const [first, second] = await Promise.all([a, b].map((model) => evaluationsOf(model.checkpoint.folder)))
  return compareCheckpoints(wholeOf(a), wholeOf(b), { signal, ...inBatches({ a: first, b: second }, progress) })
}

/** Callbacks for `compareCheckpoints` that report at most ten times a second, and at the end. */
function inBatches(
  measured: Measured,
  tell: (progress: CompareProgress) => void,
): Required<Pick<CompareCheckpointsOptions, 'onStart' | 'onTensor'>> {
  let changes: TensorChange[] = []
  let last = -Infinity
  return {
    onStart: (tensors) => tell({ tensors, measured, changes: [], done: 0, total: tensors.length }),
    onTensor(done, total, change) {
      if (change) changes.push(change)
      if (done < total && performance.now() - last < everyMs) return
      last = performance.now()
      tell({ changes, done, total })
      changes = []
    },
  }
}
