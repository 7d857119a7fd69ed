// A whole run: `open` its recipe or its folder, then the phases that phases/runPhases.ts has in their order (measure, prune, recover,
// save), then the `report`. `state` is what a killed run resumes from, and `origin` what a saved model says of itself.
import { shellWord } from '../../formatting/printable.ts'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openEventLog } from '../../runs/events/eventLog.ts'
import type { RunEvent } from '../../runs/series/events.ts'
import { EngineError, messageOf } from '../errors.ts'
import { openSummary, type SummaryFile } from '../../runs/events/summary.ts'
import { defaultMemoryBytes } from '../machine.ts'
import { announceRun } from './open/announceRun.ts'
import type { OpenOptions } from './open/checkRecipe.ts'
import { releaseOutput } from './open/outputClaim.ts'
import { shownPath, type RecipeFile } from './open/recipeFile.ts'
import { resumeRun } from './open/resumeRun.ts'
import { startRun } from './open/startRun.ts'
import { finishRun } from './report/finishRun.ts'
import type { RunReport } from './report/report.ts'
import { runPhases } from './phases/runPhases.ts'
import { createSession, lostRun, type OpenedRun, type RunSession } from './state/session.ts'

export interface RunOptions extends OpenOptions {
  /** Path of a recipe, or one that has been read; may be left out with `resume`. */
  readonly recipe?: string | RecipeFile
  /** A run folder to resume. */
  readonly resume?: string
  /** Version of the program, for the report. */
  readonly version: string
  readonly onEvent?: (event: RunEvent) => void
  /** The run folder, as soon as there is one. */
  readonly onFolder?: (path: string) => void
  /** Awaited between steps and blocks: a paused run waits here. */
  readonly pausePoint?: () => Promise<void>
}

/**
 * Runs a recipe to its end and writes its run folder. Once that folder exists, a failure or a cancellation is in its
 * events and report too.
 * @throws EngineError
 */
export async function runRecipe(options: RunOptions): Promise<RunReport> {
  const opened = await openRun(options)
  try {
    options.onFolder?.(opened.folder.path)
    return await computeRun(opened, options)
  } finally {
    await opened.backend.close()
    await opened.lock.release()
    await opened.source.close()
  }
}

/** Finds everything that can be wrong before the folder of a new run is made, or that of an old one is touched. */
function openRun(options: RunOptions): Promise<OpenedRun> {
  const { resume, recipe } = options
  if (resume !== undefined) return resumeRun(resume, options)
  if (recipe !== undefined) return startRun(recipe, options)
  throw new EngineError('usage', 'a recipe is missing: sparsescope run RECIPE')
}

/** The work of an open run, its result and its report. */
async function computeRun(opened: OpenedRun, options: RunOptions): Promise<RunReport> {
  const { signal } = options
  const session = await openSession(opened, options)
  const atExit = sayAtExit(session, options)
  try {
    // A report of an earlier process does not say how this one ends.
    await rm(session.folder.report, { force: true })
    await announceRun(session, options.memoryBytes)
    const sparsity = await runPhases(session)
    // A cancelled run is reported as cancelled; resuming it finds nothing left to compute.
    signal?.throwIfAborted()
    atExit.forget()
    return await finishRun(session, { status: 'done', message: null, sparsity })
  } catch (error) {
    throw await reportFailure(session, options, error)
  } finally {
    atExit.forget()
    await releaseOutput(session).catch(() => undefined)
    session.close()
    session.log.close()
  }
}

/** What the phases share, with the events of the run: a resumed run continues from its saved state. */
async function openSession(opened: OpenedRun, options: RunOptions): Promise<RunSession> {
  const { folder, progress, lock } = opened
  const base = resolve(folder.path, progress.base)
  let summary: SummaryFile | null = null
  const log = openEventLog({
    path: folder.events,
    bytes: progress.eventsBytes,
    elapsed: progress.elapsedMs,
    isOurs: () => lock.isHeld(),
    onEvent(event) {
      summary?.add(event)
      options.onEvent?.(event)
    },
  })
  summary = await openSummary(folder, () => lock.isHeld())
  return createSession({
    ...opened,
    log,
    summary,
    version: options.version,
    memoryBytes: options.memoryBytes ?? defaultMemoryBytes(),
    signal: options.signal ? AbortSignal.any([options.signal, lock.lost]) : lock.lost,
    pausePoint: options.pausePoint,
    shared: options.among?.shared,
    showPath: (path) => shownPath(base, path),
  })
}

/**
 * A run writes its end itself, after the work that it still saves after the signal. Only a process that must exit at once writes the end
 * here, before its lock is released at the same exit, so that it never writes into another process's run.
 */
function sayAtExit({ log, folder }: RunSession, { signal }: RunOptions): { forget(): void } {
  const onExit = () => {
    if (signal?.aborted) log.mention({ type: 'end', status: 'cancelled', message: cancelledText(folder.path) })
  }
  process.prependOnceListener('exit', onExit)
  return { forget: () => void process.off('exit', onExit) }
}

/** Reports a run that failed or was cancelled. Returns the error to throw. */
async function reportFailure(session: RunSession, { signal }: RunOptions, error: unknown): Promise<unknown> {
  const { folder, lock } = session
  // The folder belongs to another process now: nothing is written into it.
  if (!lock.isHeld()) return lostRun(folder, error)
  const cancelled = signal?.aborted === true
  const failure = cancelled ? new EngineError('cancelled', cancelledText(folder.path)) : error
  const end = { status: cancelled ? 'cancelled' : 'failed', message: messageOf(failure), sparsity: null } as const
  // The first failure counts, not one in writing the report after it.
  await finishRun(session, end).catch(() => undefined)
  return failure
}

function cancelledText(path: string): string {
  return `cancelled; resume it with: sparsescope run --resume ${shellWord(path)}`
}
