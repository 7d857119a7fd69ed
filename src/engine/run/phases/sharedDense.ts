// The dense model's measurements, which runs with the same model and the same entries of `evaluate` have in common: one of
// them measures, the others read it. While it measures, they get on with what is their own.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { makeFolders } from '../../checkpoint/makeFolders.ts'
import { readOwn } from '../../checkpoint/ownFile.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { lockRun, type RunLock } from '../lock/runLock.ts'
import type { RunData } from '../open/runData.ts'
import { writeAtomic } from '../state/atomicFile.ts'
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
  const take = async () => {
    const found = await readResults(file)
    if (found) await adopt(session, 'dense', found)
    return found !== null
  }
  await makeFolders(folder)
  for (;;) {
    throwIfCancelled(session.signal)
    if (await take()) return
    const lock = await lockUnlessHeld(folder, session.signal)
    if (lock) {
      try {
        if (await take()) return
        await measure()
        const entries = new Set(due.map(({ entry }) => entry))
        const measured = session.progress.evaluations.filter(
          ({ stage, entry }) => stage === 'dense' && entries.has(entry),
        )
        if (lock.isHeld()) await writeAtomic(file, [`${JSON.stringify(measured, null, 1)}\n`])
        return
      } finally {
        await lock.release()
      }
    }
    if (!last) return
    await sleep(lookEveryMs, undefined, { signal: session.signal }).catch(() => undefined)
  }
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

/** null: a living run measures. */
async function lockUnlessHeld(folder: string, signal: AbortSignal | undefined): Promise<RunLock | null> {
  try {
    return await lockRun(folder, { signal })
  } catch (error) {
    if (error instanceof EngineError && error.code === 'exists') return null
    throw error
  }
}
