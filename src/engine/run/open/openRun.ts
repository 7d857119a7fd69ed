// A run's beginning: everything that can be wrong is found before its folder is made, or, for a resumed run, before
// anything in it is touched.
import { sha256Of } from '../../../system/sha256.ts'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { resolveRecipe, type ResolvedRecipe } from '../../../recipe/resolve.ts'
import { openCheckpoint, type Checkpoint } from '../../checkpoint/checkpoint.ts'
import { isHubName, modelPath } from '../../checkpoint/hubCache.ts'
import { readOwn, requireOwnFolder } from '../../../system/ownFile.ts'
import type { Backend } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'
import { openModel, unusedText, type Model } from '../../model/model.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { checkCounts } from './checkCounts.ts'
import { idShapesOf } from './idShapes.ts'
import { computeIn } from '../../model/computeIn.ts'
import { defaultPrecision, type PrecisionChoice } from '../../../recipe/precisions.ts'
import { checkOutput } from './outputClaim.ts'
import { newProgress, parseReportStatus, type RunProgress } from '../state/progress.ts'
import { loadProgress, saveProgress } from '../state/progressFile.ts'
import { mapPaths, recipeText, refuseSweep, type RecipeFile } from './recipeFile.ts'
import { readRecipe, warningsOfRecipe } from './readRecipe.ts'
import { sourceOf } from '../../../runs/folder/recipes.ts'
import {
  createRunFolder,
  type FolderPlace,
  type RunFolder,
  runFolderAt,
  runPlace,
} from '../../../runs/folder/runFolder.ts'
import { isDone } from '../../../runs/reader/report.ts'
import { lockDraft, lockRun, type RunLock } from '../../../runs/lock/runLock.ts'
import { plannedRun } from './plannedRun.ts'
import type { RunPlan } from '../../../plan/runPlan.ts'
import { removeState } from '../state/runState.ts'
import { checkMerged } from './mergedAdapter.ts'
import { placeResult, splitSaveTo } from './saveTo.ts'
import { recordSources, requireUnchanged, sourceFiles, type KnownFiles } from '../state/sources.ts'
import { checkDense } from './denseModel.ts'
import { checkGguf } from './savedGguf.ts'
import { checkStarts } from './startMatricesOf.ts'
import { checkTrained } from './trainedTensors.ts'
import { loadTrainingProgress } from '../state/trainingState.ts'

export interface OpenedRun {
  readonly folder: RunFolder
  /** All paths absolute. */
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
  readonly backend: Backend
  readonly progress: RunProgress
  readonly resumed: boolean
  /** @throws EngineError 'bad-data' when a file that goes into the result is not what it was when the run began. */
  readonly checkSources: () => Promise<void>
  /** The lock is taken before anything of the run is read; the caller that opens the run gives it back. */
  readonly lock: RunLock
}

interface OpenRequest {
  readonly settings: readonly string[]
  readonly openBackend: () => Promise<Backend>
  /** Precision for a recipe that leaves it to the device; default: auto. */
  readonly precision?: PrecisionChoice
  readonly signal?: AbortSignal
  /** Told when the run's folder is another process's that seems to be dead, and taking it over takes a while. */
  readonly onWait?: (message: string) => void
}

export interface StartRequest extends OpenRequest {
  /** A path, or a recipe that has been read: one of a sweep's. */
  readonly recipe: string | RecipeFile
  /** Memory that the run may use; default: half of what is free. */
  readonly memoryBytes?: number
  /** Parent of its folder; default: beside the recipe's earlier runs. */
  readonly place?: FolderPlace
  /** Fingerprints of files that have been read already, by path. */
  readonly known?: KnownFiles
}

/** @throws EngineError before anything is written, but for 'disk' while the run folder is made. */
export async function startRun(request: StartRequest): Promise<OpenedRun> {
  const { recipe: asked, settings, memoryBytes, signal, known } = request
  const file = typeof asked === 'string' ? await readRecipe(asked, settings, signal) : asked
  const checked = await checkRecipe(file)
  try {
    const { recipe, base } = checked
    const { place = runPlace(checked.path) } = request
    // Any run folder in this place does for the check, since all lie side by side.
    const somewhere = join(place.parent, 'run')
    await checkOutput(checked, somewhere)
    const sources = await recordSources(await sourceFiles(recipe, checked.source), { known, signal })
    const backend = await openDevice(checked, request)
    const gpu = backend.traits.inHostMemory ? null : true
    const unused = unusedText(checked.model)
    const warnings = [...(unused ? [unused] : []), ...(await warningsOfRecipe(file, { gpu, memoryBytes }, signal))]
    const text = recipeText(recipe, somewhere)
    const progress = newProgress({
      recipe: sha256Of(text),
      base: relative(somewhere, base),
      sources,
      device: backend.info,
      warnings,
      trainable: checked.plan.count,
    })
    let keepLock = (_named: string): Promise<RunLock> => Promise.reject(new Error('the run folder was never made'))
    const folder = await createRunFolder(place, async (draft) => {
      keepLock = lockDraft(draft.path)
      await writeAtomic(draft.recipe, [text])
      await saveProgress(draft.state, progress)
    })
    const lock = await keepLock(folder.path)
    const checkSources = sourceCheck(checked, progress, signal)
    return { ...checked, folder, backend, progress, resumed: false, checkSources, lock }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}

export interface ResumeRequest extends OpenRequest {
  readonly run: string
  /** The recipe, if given, must be the run's. */
  readonly recipe?: string
  /** Settings that the run began with; `save.to` may differ. */
  readonly settings: readonly string[]
}

/**
 * @throws EngineError 'exists' when another process has the run, 'bad-recipe' or 'bad-data' when recipe or sources are not
 * what the run began with, or when its folder holds something that a run does not write.
 */
export async function resumeRun(request: ResumeRequest): Promise<OpenedRun> {
  const folder = runFolderAt(resolve(request.run))
  if (!existsSync(folder.recipe))
    throw new EngineError('not-found', `${folder.path} is no run folder: it has no recipe.prune.yaml`)
  const lock = await lockRun(folder.path, request)
  try {
    return { ...(await readRun(folder, request)), lock }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function readRun(folder: RunFolder, request: ResumeRequest): Promise<Omit<OpenedRun, 'lock'>> {
  const { recipe: path, settings, signal } = request
  const text = await readOwn(folder.recipe)
  if (await isFinished(folder)) {
    // The process may have been killed while it tidied up.
    await removeState(folder)
    throw new EngineError('usage', `${folder.path} is finished; there is nothing to resume`)
  }
  const progress = await latestProgress(folder)
  if (sha256Of(text) !== progress.recipe)
    throw new EngineError('bad-recipe', `${folder.recipe} was edited after the run began; start a new run with it`)
  const checked = await checkRecipe(await readRecipe(folder.recipe, [], signal))
  try {
    const { to, others } = splitSaveTo(settings)
    if (path !== undefined || others.length > 0) {
      // A new place to save, given with `--set`, replaces the recipe's in both, so that it makes no difference.
      const compared = (recipe: ResolvedRecipe) =>
        JSON.stringify(to === null ? recipe : { ...recipe, save: recipe.save && { ...recipe.save, to } })
      await requireSame(path ?? folder.recipe, others, (other) => compared(other) === compared(checked.recipe))
    }
    checkCounts(progress, checked.recipe, checked.model.config.numBlocks, folder.path)
    const checkSources = sourceCheck(checked, progress, signal)
    await checkSources()
    const asked = to === null ? null : resolve(folder.path, progress.base, to)
    const recipe = await placeResult(checked.recipe, folder.path, progress, asked)
    return {
      ...checked,
      recipe,
      folder,
      backend: await openDevice(checked, request),
      progress,
      resumed: true,
      checkSources,
    }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}

export interface CheckedRecipe {
  readonly path: string
  readonly base: string
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
}

/** Everything that can be wrong with a recipe beside its model. The caller closes `source`. @throws EngineError. */
export async function checkRecipe(file: RecipeFile): Promise<CheckedRecipe> {
  refuseSweep(file)
  const source = await openCheckpoint(modelPath(file.folder, file.recipe.model))
  try {
    const model = openModel(source)
    const idShape = await idShapesOf(file.recipe, file.folder)
    const denseModel = (await sourceOf(source.folder))?.model
    const relativeRecipe = resolveRecipe(file.recipe, { ...model.config, idShape, denseModel })
    const recipe = mapPaths(relativeRecipe, (given) => modelPath(file.folder, given))
    const plan = plannedRun(recipe, model)
    for (const recovery of plan.recoveries) {
      await checkStarts(recovery)
      await checkMerged(recovery.settings, model)
    }
    await checkGguf(recipe, model)
    for (const { settings, place } of plan.recoveries)
      if (settings.dense) await checkDense(settings.dense, model, place)
    return { path: file.path, base: file.folder, recipe, source, model, plan }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function openDevice(
  { recipe, model, plan }: CheckedRecipe,
  { openBackend, precision }: OpenRequest,
): Promise<Backend> {
  const asked = recipe.precision === defaultPrecision ? precision : recipe.precision
  const backend = computeIn(await openBackend(), model, asked ?? defaultPrecision)
  checkTrained(backend, plan)
  return backend
}

async function requireSame(
  path: string,
  settings: readonly string[],
  isSame: (other: ResolvedRecipe) => boolean,
): Promise<void> {
  const other = await checkRecipe(await readRecipe(path, settings))
  await other.source.close()
  if (!isSame(other.recipe))
    throw new EngineError(
      'bad-recipe',
      `${other.path} is not the recipe that this run began with; resume without it, or start a new run`,
    )
}

/** The later of the two records: while retraining, progress is saved with the optimiser. */
async function latestProgress(folder: RunFolder): Promise<RunProgress> {
  await requireOwnFolder(folder.state)
  const progress = await loadProgress(folder.state)
  const training = await loadTrainingProgress(folder.state)
  return training && training.revision > progress.revision ? training : progress
}

/** @throws EngineError 'bad-data' for a report that no run has written. */
async function isFinished(folder: RunFolder): Promise<boolean> {
  if (!existsSync(folder.report)) return false
  const status = parseReportStatus(await readOwn(folder.report), folder.report)
  return status === 'done' && isDone(folder)
}

function sourceCheck(
  { recipe, source }: CheckedRecipe,
  progress: RunProgress,
  signal?: AbortSignal,
): () => Promise<void> {
  return async () => {
    progress.sources = await requireUnchanged(await sourceFiles(recipe, source), progress.sources, signal)
  }
}

/** A path as the person wrote it, or nearly: relative to the folder of the recipe. */
export function shownPath(base: string, path: string): string {
  if (isHubName(path)) return path
  return relative(base, path).replaceAll('\\', '/') || '.'
}
