// Analyses of all windows, one at a time, each in a thread of its own.
import type { AnalysisRequest, DeviceChoice } from '../shared/protocol/rpc.ts'
import type { AnalysisUpdate } from '../shared/protocol/inspect.ts'
import { analyseInThread } from './analyseThread.ts'
import { createLane } from './jobs.ts'
import { wholeModel } from './summary.ts'

export interface Analyses {
  analyse(
    request: AnalysisRequest,
    choice: DeviceChoice,
    signal: AbortSignal,
    onUpdate: (update: AnalysisUpdate) => void,
  ): Promise<{ warnings: string[] }>
  /** Analyses that run or wait. */
  active(): number
}

export function createAnalyses(): Analyses {
  const lane = createLane()
  return {
    async analyse(request, choice, signal, onUpdate) {
      const path = await wholeModel(request.path)
      return lane.run(signal, () => analyseInThread({ request: { ...request, path }, choice }, signal, onUpdate))
    },
    active: () => lane.length(),
  }
}
