// Runs with the same model, pruned alike, and the same entries of `evaluate` share their measurements: one of them
// measures, the others read the results and continue with their own work meanwhile.
import { hash } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import type { Stage } from '../../../catalog/stages.ts'
import { temporaryBeside, writeAtomic } from '../../../system/atomicFile.ts'
import { keyOfWork, madeOnce, readMade } from '../../../runs/sharedWork.ts'
import { EngineError } from '../../errors.ts'
import { evaluationShape, type EvaluationResult } from '../state/progress.ts'
import type { RunSession } from '../state/session.ts'
import { endingOf } from '../../text/dataFile.ts'
import { sourceHashes } from '../state/sources.ts'
import { adopt, dueEntries } from './evaluateStage.ts'

const lookEveryMs = 500

export interface SharedStage {
  readonly stage: Stage
  /** Key of the pruning that precedes the stage; null: nothing was pruned. */
  readonly after: string | null
  /** Nothing else is left to do meanwhile, so this waits for a run that is measuring. */
  readonly last: boolean
  readonly measure: () => Promise<void>
}

/** Returns at once where no entry is due at this stage. */
export async function measureOnce(session: RunSession, { stage, after, last, measure }: SharedStage): Promise<void> {
  const due = dueEntries(session, stage)
  if (due.length === 0) return
  if (session.shared === undefined) return measure()
  const on = measuredOn(session, due, after)
  const { root, folder: shared } = session.shared
  const folder = join(shared, keyOfWork(on))
  const file = join(folder, 'evaluations.json')
  const isDue = (result: EvaluationResult) =>
    result.stage === stage && result.step === undefined && due.some(({ entry }) => entry === result.entry)
  await madeOnce({
    root,
    folder,
    take: async () => {
      const found = await readMade(measuredShape, file)
      if (found === null) return null
      const { evaluations, sha256 } = found
      if (sha256 !== hashOf(on, evaluations)) throw wrong(file)
      await adopt(session, stage, evaluations)
      return evaluations
    },
    make: async (isHeld) => {
      await measure()
      const measured = session.progress.evaluations.filter(isDue)
      const made = { on, evaluations: measured, sha256: hashOf(on, measured) }
      if (isHeld()) await writeAtomic(file, [`${JSON.stringify(made, null, 1)}\n`], temporaryBeside(file))
      return measured
    },
    wait: last,
    lookEveryMs,
    signal: session.signal,
  })
}

/** Everything that decides the numbers: model, data and how it is read, entries, kind of device, precision of products. */
function measuredOn(
  { progress, backend }: RunSession,
  due: ReturnType<typeof dueEntries>,
  after: SharedStage['after'],
): unknown[] {
  const { sources } = progress
  const entries = due.map(({ entry, evaluation: { at: _at, every: _every, data = '', ...asked } }) => {
    return [entry, asked, endingOf(data), sources.find(({ role }) => role === `evaluate ${entry}`)?.sha256]
  })
  return [sourceHashes(sources, 'model '), after, entries, backend.info.device, backend.precision]
}

const evaluationsShape = z.array(evaluationShape)
const measuredShape = z.object({
  evaluations: evaluationsShape,
  /** Hash of the measured data and the evaluations: a file that was cut, edited or copied from elsewhere does not have it. */
  sha256: z.string(),
})

/** Hash of the evaluations as they are read back from a file: JSON has no NaN, and the schema has its own order of keys. */
function hashOf(on: unknown, evaluations: readonly EvaluationResult[]): string {
  const asRead = evaluationsShape.parse(JSON.parse(JSON.stringify(evaluations)))
  return hash('sha256', JSON.stringify([on, asRead]))
}

const wrong = (file: string) =>
  new EngineError(
    'bad-data',
    `${file} does not contain measurements written by a run of this sweep: remove it, and the next run makes them again`,
  )
