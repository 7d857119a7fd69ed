// A whole run: read, evaluate, prune (and reconstruct), retrain, evaluate, save, report.
import { shellWord } from '../../formatting/printable.ts'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { budgetWarnings } from '../../plan/planRecipe.ts'
import type { PrecisionChoice } from '../../recipe/precisions.ts'
import type { RunEvent } from '../../runs/series/events.ts'
import type { Backend } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import { openEventLog, type EventLog } from '../../runs/events/eventLog.ts'
import { defaultMemoryBytes } from '../facts/defaultMemory.ts'
import { machineFacts } from '../facts/gatherFacts.ts'
import { modelFacts } from '../facts/modelFacts.ts'
import { releaseOutput } from './open/outputClaim.ts'
import type { RecipeFile } from './open/recipeFile.ts'
import type { FolderPlace } from '../../runs/folder/runFolder.ts'
import type { KnownFiles } from './state/sources.ts'
import { resumeRun, shownPath, startRun, type OpenedRun } from './open/openRun.ts'
import { finishRun } from './report/finishRun.ts'
import type { RunDevice } from './state/progress.ts'
import type { RunReport } from './report/report.ts'
import { runPhases } from './phases/runPhases.ts'
import { createSession, type SharedFolder } from './state/session.ts'
import { stages } from '../../catalog/stages.ts'

export interface RunOptions {
  /** Path of a recipe, or one that has been read; may be left out with `resume`. */
  readonly recipe?: string | RecipeFile
  /** `path=value`, as in `--set recover.steps=10`. */
  readonly settings?: readonly string[]
  /** A run folder to go on with. */
  readonly resume?: string
  /** Default: half of what is free. */
  readonly memoryBytes?: number
  /** Version of the program, for the report. */
  readonly version: string
  /** Called once recipe and model are found good. The caller closes what it gives. */
  readonly openBackend: () => Promise<Backend>
  /** Precision for a recipe that leaves it to the device. */
  readonly precision?: PrecisionChoice
  readonly signal?: AbortSignal
  readonly onEvent?: (event: RunEvent) => void
  /** The run folder, as soon as there is one. */
  readonly onFolder?: (path: string) => void
  /** Called when the run folder is another process's that seems to be dead, and taking it over takes a while. */
  readonly onWait?: (message: string) => void
  /** Awaited between steps and blocks: a paused run waits here. */
  readonly pausePoint?: () => Promise<void>
  /** The place of the run's folder and the work that it shares, for one of many runs. */
  readonly among?: AmongRuns
}

export interface AmongRuns {
  readonly place: FolderPlace
  /** Work that is equal among the runs: one does it, the others read it. */
  readonly shared: SharedFolder
  readonly known: KnownFiles
}

/**
 * Runs a recipe to its end and writes its run folder. Once that folder exists, a failure or a cancellation is in its
 * events and report too.
 * @throws EngineError
 */
export async function runRecipe(options: RunOptions): Promise<RunReport> {
  const { resume, recipe, settings = [], memoryBytes, openBackend, precision, signal, onWait, among } = options
  const shared = { settings, openBackend, precision, signal, onWait }
  const opened = await (resume !== undefined
    ? resumeRun({ ...shared, run: resume, recipe: typeof recipe === 'object' ? undefined : recipe })
    : startRun({ ...shared, ...among, memoryBytes, recipe: requireRecipe(recipe) }))
  try {
    return await runOpened(opened, options)
  } finally {
    await opened.lock.release()
    await opened.source.close()
  }
}

async function runOpened(opened: OpenedRun, options: RunOptions): Promise<RunReport> {
  const { folder, progress, recipe, plan, lock } = opened
  const base = resolve(folder.path, progress.base)
  options.onFolder?.(folder.path)
  const log = openEventLog({
    path: folder.events,
    bytes: progress.eventsBytes,
    elapsed: progress.elapsedMs,
    isOurs: () => lock.isHeld(),
    onEvent: options.onEvent,
  })
  const session = createSession({
    ...opened,
    log,
    memoryBytes: options.memoryBytes ?? defaultMemoryBytes(),
    signal: options.signal ? AbortSignal.any([options.signal, lock.lost]) : lock.lost,
    pausePoint: options.pausePoint,
    shared: options.among?.shared,
    requireHeld: () => {
      if (!lock.isHeld()) throw lostRun(folder.path)
    },
    showPath: (path) => shownPath(base, path),
  })
  // Work that is saved after the signal writes its events before the end; only a process that cannot wait writes the end here,
  // and before its lock is given back at the same moment: a run of someone else gets no word.
  const stopped = `cancelled; go on with: sparsescope run --resume ${shellWord(folder.path)}`
  const onExit = () => {
    if (options.signal?.aborted) log.mention({ type: 'end', status: 'cancelled', message: stopped })
  }
  process.prependOnceListener('exit', onExit)
  try {
    // A report of an earlier process does not say how this one ends.
    await rm(folder.report, { force: true })
    const overBudget = await warningsOfBudget(opened, options.memoryBytes)
    announce(opened, log, options.version)
    for (const message of overBudget) session.warn(message)
    const { sparsity } = await runPhases(session, plan, options.version)
    // A cancelled run is told so; resuming it finds nothing left to compute.
    options.signal?.throwIfAborted()
    process.off('exit', onExit)
    return await finishRun(session, plan, options.version, { status: 'done', message: null, sparsity })
  } catch (error) {
    // The folder is another process's now: not a word into it.
    if (!lock.isHeld()) throw lostRun(folder.path, error)
    const cancelled = options.signal?.aborted === true
    const failure = cancelled ? new EngineError('cancelled', stopped) : error
    const message = failure instanceof Error ? failure.message : String(failure)
    const status = cancelled ? 'cancelled' : 'failed'
    // The first failure counts, not one in writing the report after it.
    await finishRun(session, plan, options.version, { status, message, sparsity: null }).catch(() => undefined)
    throw failure
  } finally {
    process.off('exit', onExit)
    await releaseOutput(session).catch(() => undefined)
    session.close()
    log.close()
  }
  function announce({ backend, model, resumed }: OpenedRun, { emit }: EventLog, version: string) {
    const { device, description } = backend.info
    const shown = { model: shownPath(base, recipe.model), device, description, version }
    const modes = recipe.recover.map(({ mode }) => mode)
    const several = modes.length > 1 && { recoveries: modes }
    const blocks = model.config.numBlocks
    const measures = stages.filter((stage) => recipe.evaluate.some(({ at }) => at.includes(stage)))
    const planned = { prunes: plan.entries.length > 0, recoveries: modes, measures }
    emit({ type: 'start', name: folder.name, ...shown, blocks, ...several, plan: planned, ...(resumed && { resumed }) })
    // A resumed run may have written no events yet, too.
    if (progress.eventsBytes === 0) for (const message of progress.warnings) emit({ type: 'warning', message })
    if (backend.info.details.note) session.warn(String(backend.info.details.note))
    if (resumed) warnOfOtherDevice(opened, session.warn)
  }
}

/** Warnings of memory that is allowed and cannot be used, or is not enough. */
async function warningsOfBudget({ recipe, folder, backend }: OpenedRun, memoryBytes?: number): Promise<string[]> {
  if (memoryBytes === undefined || !backend.traits.inHostMemory) return []
  const [model, machine] = await Promise.all([modelFacts(recipe.model), machineFacts(folder.path, { memoryBytes })])
  return budgetWarnings(recipe, { model, machine: { ...machine, memoryBytes: backend.memory().limitBytes } })
}

/** Other hardware, another BLAS or another number of threads rounds differently. */
function warnOfOtherDevice({ progress, backend }: OpenedRun, warn: (message: string) => void): void {
  const before = progress.device
  if (identity(before) === identity(backend.info)) return
  warn(
    `The run began on ${before.description} and goes on with ${backend.info.description}: the result may differ in the last bits from an uninterrupted run's`,
  )
}

/** Everything about a device but why and how it was chosen. */
function identity({ device, description, details: { reason: _, note: __, ...details } }: RunDevice): string {
  return JSON.stringify([device, description, details])
}

function lostRun(path: string, cause?: unknown): EngineError {
  const message = `${path} was removed or taken over by another process while this one stood still; start or resume it again`
  return new EngineError('disk', message, { cause })
}

function requireRecipe(recipe: string | RecipeFile | undefined): string | RecipeFile {
  if (recipe !== undefined) return recipe
  throw new EngineError('usage', 'a recipe is missing: sparsescope run RECIPE')
}
