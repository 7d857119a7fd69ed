// Parts shared by both engines of a sweep: the choice of engine, the lock, the progress, and the result.
import { andList } from '../../formatting/lists.ts'
import { type Sweep, sweepTable } from '../../engine/sweep/openSweep.ts'
import type { SweepRow, SweepTable } from '../../runs/compared/sweepTable.ts'
import type { Context, Outcome } from '../command.ts'
import { sweepText } from './texts.ts'
import { EngineError } from '../../engine/errors.ts'
import { lockRun, type RunLock } from '../../runs/lock/lock.ts'
import { shortPath } from '../run.ts'
import { readSummary } from '../../runs/events/summary.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { runPathOf, type SweepFolder } from '../../runs/folder/sweepFolder.ts'
import type { Progress } from '../screen.ts'
import { aliveTasks, isSubmitted } from '../../engine/sweep/slurm.ts'

export const engines = ['local', 'slurm'] as const
export type EngineName = (typeof engines)[number]

/** The engine that started the sweep, unless an option names another; null: it has not been started. */
export function engineOf(sweep: Sweep | null, asked?: EngineName): EngineName {
  return asked ?? (sweep !== null && isSubmitted(sweep) ? 'slurm' : 'local')
}

/** If Slurm cannot be queried, as on another machine, the states come from the folder alone. */
export async function currentTable(sweep: Sweep): Promise<SweepTable> {
  const engine = engineOf(sweep)
  const alive = engine === 'slurm' ? await aliveTasks(sweep).catch(() => null) : null
  return sweepTable(sweep, engine, new Set(alive?.keys()))
}

/** Why a run that was started may have left no files. */
const reasons: Readonly<Record<EngineName, string>> = {
  local: 'it could not write anything: check that the disk is not full.',
  slurm:
    'it never started: it was cancelled in Slurm, or its task failed; see the output in the folder slurm of the sweep;',
}

/** Exit code of a sweep that has ended: 0 when all are done, 1 when one failed or is at work elsewhere, else 130, since the rest was cancelled. */
export function outcomeOf(ended: SweepTable, sweep: Pick<Sweep, 'folder' | 'runs'>, columns?: number): Outcome {
  const why = reasons[ended.engine as EngineName] ?? reasons.local
  const table = { ...ended, runs: ended.runs.map((row) => silentAsFailed(row, why)) }
  const has = (state: SweepRow['state']) => table.runs.some((row) => row.state === state)
  const exitCode = has('failed') || has('running') ? 1 : table.runs.every(({ state }) => state === 'done') ? 0 : 130
  const elsewhere = table.runs.flatMap(({ state, index }) => (state === 'running' ? [`run ${index}`] : []))
  const note = `\nAnother process is running ${andList(elsewhere)}: wait for it, and run the sweep again.`
  return { json: table, text: sweepText(table, sweep, columns) + (elsewhere.length > 0 ? note : ''), exitCode }
}

/** Counts a run that was started, and still waits when the sweep has ended, as failed: it could not even write the reason. */
function silentAsFailed(row: SweepRow, why: string): SweepRow {
  return row.state === 'waiting'
    ? { ...row, state: 'failed', message: `${why} sparsescope sweep run starts it again` }
    : row
}

/**
 * Lets one process at a time run a sweep; the message for a second one names the first, and what to do.
 * @throws EngineError 'exists' when a living process has it.
 */
export async function lockSweep({ folder }: Sweep, { signal, say }: Context): Promise<RunLock> {
  try {
    return await lockRun(folder.path, { signal, onWait: say })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'exists') throw error
    const path = shortPath(folder.path)
    const said = error.message.replace(folder.path, path)
    const instead = `look at it with sparsescope sweep status ${path}, or stop it with sparsescope sweep cancel ${path}`
    throw new EngineError('exists', `${said}, ${instead}`, { cause: error })
  }
}

/** Least share of the whole sweep that must be done before the pace is estimated. */
const leastShare = 0.01

/** Reads the progress of a sweep: the runs that are done, and the share of each that is running, from its summary. `now`: milliseconds. */
export function sweepProgress(folder: SweepFolder, total: number, now = () => performance.now()) {
  const shareOf = async (index: number) => {
    // A run that has just been started has written no summary yet.
    return (await readSummary(runFolderAt(runPathOf(folder, index))))?.overall ?? 0
  }
  let first: { readonly at: number; readonly share: number } | null = null
  return async (done: number, going: Iterable<number>): Promise<Progress> => {
    const shares = await Promise.all([...going].map(shareOf))
    const share = Math.min(1, shares.reduce((sum, one) => sum + one, done) / Math.max(1, total))
    first ??= { at: now(), share }
    const gained = share - first.share
    const secondsLeft = gained < leastShare ? null : ((now() - first.at) / 1000 / gained) * (1 - share)
    return { what: 'sweep', count: { done, total, unit: 'runs' }, share, secondsLeft }
  }
}
