// Runs with the same model, pruned alike, and the same entries of `evaluate` share their measurements: one of them
// measures, the others read the results and meanwhile get on with their own work.
import { join } from 'node:path'
import * as z from 'zod'
import type { Stage } from '../../../shared/protocol/events.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { keyOfWork, madeOnce, readMade } from '../../../runs/sweep/madeOnce.ts'
import type { EvaluationResult } from '../state/progress.ts'
import { evaluationShape } from '../state/progressSchema.ts'
import type { RunSession } from '../state/session.ts'
import { sourceHashes } from '../state/sources.ts'
import { adopt, dueEntries } from './evaluateStage.ts'

const lookEveryMs = 500

export interface SharedStage {
  readonly stage: Stage
  /** Names the work on the model before; null: none. */
  readonly after: string | null
  /** There is nothing else to do meanwhile, so a run that measures is waited for. */
  readonly last: boolean
  readonly measure: () => Promise<void>
}

/** Does nothing where nothing is due at this stage. */
export async function measureOnce(session: RunSession, { stage, after, last, measure }: SharedStage): Promise<void> {
  const due = dueEntries(session, stage)
  if (due.length === 0) return
  if (session.shared === undefined) return measure()
  const folder = join(session.shared.folder, keyOf(session, due, after))
  const file = join(folder, 'evaluations.json')
  const isDue = (result: EvaluationResult) =>
    result.stage === stage && result.step === undefined && due.some(({ entry }) => entry === result.entry)
  await madeOnce({
    folder,
    take: async () => {
      const found = await readMade(z.array(evaluationShape), file)
      if (found) await adopt(session, stage, found)
      return found
    },
    make: async (isHeld) => {
      await measure()
      const measured = session.progress.evaluations.filter(isDue)
      if (isHeld()) await writeAtomic(file, [`${JSON.stringify(measured, null, 1)}\n`])
      return measured
    },
    wait: last,
    lookEveryMs,
    signal: session.signal,
  })
}

/** Same model, same data, same questions, same kind of device and of products: the same numbers. */
function keyOf(
  { progress, backend }: RunSession,
  due: ReturnType<typeof dueEntries>,
  after: SharedStage['after'],
): string {
  const { sources } = progress
  const entries = due.map(({ entry, evaluation: { at: _at, every: _every, data: _data, ...asked } }) => {
    return [entry, asked, sources.find(({ role }) => role === `evaluate ${entry}`)?.sha256]
  })
  return keyOfWork([sourceHashes(sources, 'model '), after, entries, backend.info.device, backend.precision])
}
