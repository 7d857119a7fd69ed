// The end of a run, good or bad: the page, report.json, summary.json, the last event, and the state that is no longer needed. The end
// is written last: a run is done when its report and its end exist (`isDone`), and one that was killed in between is resumed.
import { mapPaths } from '../open/recipeFile.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { htmlReport } from './htmlReport.ts'
import { createReport, type RunReport, type RunStatus } from './report.ts'
import type { RunSession } from '../state/session.ts'
import { killPoint } from '../../../system/killPoint.ts'
import { removeState } from '../state/blockStore.ts'

export interface RunEnd {
  readonly status: RunStatus
  readonly message: string | null
  /** null when the run ended before its sparsity was known. */
  readonly sparsity: number | null
}

/** Writes the report of a run that has ended and says so in its events. @throws EngineError 'disk'. */
export async function finishRun(session: RunSession, end: RunEnd): Promise<RunReport> {
  const { folder, log, progress, recipe, plan, version, showPath } = session
  session.requireHeld()
  session.count()
  const facts = { run: folder.path, recipe: mapPaths(recipe, showPath), recoveries: plan.recoveries, version, ...end }
  const report = createReport(facts, progress)
  const message = end.message === null ? {} : { message: end.message }
  const said = { type: 'end', status: end.status, ...message } as const
  try {
    await writeAtomic(folder.page, [await htmlReport(report, folder.events)])
    await writeAtomic(folder.report, [`${JSON.stringify(report, null, 2)}\n`])
  } catch (error) {
    // An earlier failure is reported even without a report file; a successful run is not done without one.
    if (end.status !== 'done') log.mention(said)
    throw error
  }
  await session.summary.write()
  killPoint()
  log.emit(said)
  if (end.status !== 'done') return report
  // The state goes last, when nothing is left to resume.
  await removeState(folder)
  return report
}
