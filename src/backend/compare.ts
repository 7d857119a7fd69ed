import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { EngineError } from '../engine/errors.ts'
import type { CompareProgress, CompareSummary } from '../shared/protocol/inspect.ts'

export async function compareCheckpoints(
  _a: Checkpoint,
  _b: Checkpoint,
  _signal: AbortSignal,
  _progress: (value: CompareProgress) => void,
): Promise<CompareSummary> {
  throw new EngineError('unsupported', 'pending')
}
