// The dense model's measurements, which runs with the same model and the same entries of `evaluate` have in common: one of
// them measures, the others read it. While it measures, they get on with what is their own.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readOwn } from '../../checkpoint/ownFile.ts'
import { EngineError } from '../../errors.ts'
import type { RunData } from '../open/runData.ts'
import { writeAtomic } from '../state/atomicFile.ts'
import { madeOnce } from '../state/madeOnce.ts'
import type { EvaluationResult } from '../state/progress.ts'
import { evaluationShape, parseRecorded } from '../state/progressSchema.ts'
import type { RunSession } from '../state/session.ts'
import { adopt, dueEntries, evaluateStage } from './evaluateStage.ts'

const lookEveryMs = 500

/** `last`: there is nothing else to do meanwhile, so a run that measures is waited for. */
export async function evaluateDense(
  session: RunSession,
  data: RunData,
  decoderBytes: number,
  last: boolean,
): Promise<void> {
  const due = dueEntries(session, 'dense')
  if (due.length === 0) return
  const measure = () => evaluateStage(session, data, 'dense', session.source, decoderBytes)
  if (session.sharedResults === undefined) return measure()
  const folder = join(session.sharedResults, keyOf(session, due))
  const file = join(folder, 'evaluations.json')
  const isDue = ({ stage, entry }: EvaluationResult) => stage === 'dense' && due.some((one) => one.entry === entry)
  await madeOnce({
    folder,
    take: async () => {
      const found = await readResults(file)
      if (found) await adopt(session, 'dense', found)
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
function keyOf({ progress, backend }: RunSession, due: ReturnType<typeof dueEntries>): string {
  const hashes = new Map(progress.sources.map(({ role, sha256 }) => [role, sha256]))
  const model = [...hashes].filter(([role]) => role.startsWith('model ')).sort(([a], [b]) => (a < b ? -1 : 1))
  const entries = due.map(({ entry, evaluation: { at: _at, every: _every, data: _data, ...asked } }) => {
    return [entry, asked, hashes.get(`evaluate ${entry}`)]
  })
  const text = JSON.stringify([model, entries, backend.info.device, backend.precision])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

async function readResults(file: string): Promise<EvaluationResult[] | null> {
  try {
    return parseRecorded(z.array(evaluationShape), await readOwn(file), file)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  }
}
